/** The panel in a real Chromium, with a run of 20,000 datagrams: the first ladder, scrolling, memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { findChromium } from '../../src/tools/peers.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import type { bench } from '../support/panelBenchPage.tsx';
import { panelFiles } from '../support/panelShots.ts';

const origin = 'http://panel.test';
const count = 20_000;

/**
 * A handshake whose flights are sent again and again: all datagrams of a real one that lost many, repeated until there are
 * enough, each with record numbers of its own, as a stack that retransmits gives them.
 */
function longRun(): Uint8Array {
  const path = join(process.cwd(), 'test/fixtures/captures/lossy_retransmit.pcapng');
  const { trace } = readCapture(readFileSync(path));
  const source = trace.events.filter((event): event is DatagramEvent => event.kind === 'datagram');
  // The last flight ends a handshake; what is repeated is what comes before it.
  const repeated = source.slice(0, -2);
  const events: TraceEvent[] = [];
  for (let packet = 1; packet <= count; packet++) {
    const index = packet - 1;
    const left = count - index;
    const round = Math.floor(index / repeated.length);
    const event = left <= 2 ? source.at(-left) : repeated[index % repeated.length];
    if (!event) break;
    events.push({ ...event, packet, at: packet * 5, bytes: renumbered(event.bytes, round * 32) });
  }
  return toPcapng({ header: trace.header, events }, { withKeys: false });
}

/** The same records, their numbers so many higher. RFC 6347 §4.1 */
function renumbered(datagram: Uint8Array, by: number): Uint8Array {
  const bytes = datagram.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 13 <= bytes.length; at += 13 + view.getUint16(at + 11))
    view.setUint32(at + 7, view.getUint32(at + 7) + by);
  return bytes;
}

type Bench = typeof bench;
type Tasks = Awaited<ReturnType<Bench['scroll']>>['tasks'];

const ms = (value: number | undefined): string => (value === undefined ? '?' : `${value.toFixed(0)} ms`);
const longest = (tasks: Tasks): string =>
  tasks.length === 0
    ? 'none over 50 ms'
    : `${tasks.length} over 50 ms, longest ${ms(Math.max(...tasks.map((task) => task.ms)))}`;

export async function run(print: (line: string) => void): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === undefined) return print('no Chromium: nothing measured');
  const files = await panelFiles('panelBenchPage.tsx');
  const capture = Buffer.from(longRun());
  const browser = await chromium.launch({
    executablePath,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--enable-precise-memory-info'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, reducedMotion: 'reduce' });
    await page.route(`${origin}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/long.pcapng') return route.fulfill({ body: capture });
      const file = files.get(pathname);
      return file ? route.fulfill({ body: file.body, contentType: file.type }) : route.fulfill({ status: 404 });
    });
    await page.goto(`${origin}/panel.html`);
    await page.waitForSelector('.panel');
    const session = await page.context().newCDPSession(page);
    const heap = async (): Promise<number> => {
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      return usedSize / 1e6;
    };
    const before = await heap();
    const told = await page.evaluate(() => (globalThis as unknown as { bench: Bench }).bench.tell('/long.pcapng'));
    print(`${told.datagrams} datagrams in the ladder, capture of ${(capture.length / 1e6).toFixed(1)} MB`);
    print(`${'from the first data to a painted ladder'.padEnd(44)} ${ms(told.first).padStart(10)}  (target 1000 ms)`);
    print(`${'to all messages taken'.padEnd(44)} ${ms(told.told).padStart(10)}`);
    print(`${'to the whole ladder painted'.padEnd(44)} ${ms(told.whole).padStart(10)}`);
    print(`${'main-thread tasks on the way'.padEnd(44)} ${longest(told.tasks)}`);
    for (const [name, screens] of [
      ['scrolling by a quarter of a screen a frame', 0.25],
      ['by a screen a frame', 1],
      ['from top to end in 300 frames', 0],
    ] as const) {
      const found = await page.evaluate(
        (screens) => (globalThis as unknown as { bench: Bench }).bench.scroll(screens),
        screens,
      );
      const gaps = found.gaps.toSorted((a, b) => a - b);
      const at = (part: number): string => ms(gaps[Math.min(Math.floor(gaps.length * part), gaps.length - 1)]);
      print(
        `${name.padEnd(44)} frame ${at(0.5)} median, ${at(0.99)} p99; tasks: ${longest(found.tasks)}; ` +
          `${found.rows} rows drawn, to datagram ${found.last}`,
      );
    }
    print(`${'heap: empty panel, with the run'.padEnd(44)} ${before.toFixed(1)} MB, ${(await heap()).toFixed(1)} MB`);
  } finally {
    await browser.close();
  }
}
