/**
 * The panel in a real Chromium, with a run of 20,000 datagrams: the first ladder, each view scrolled, the filter typed, time
 * zoomed, memory. What blocks the main thread is measured twice: by the clock, as a user feels it, and in its own CPU time,
 * which other work on the machine does not stretch. The target for both is 50 ms.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { findChromium } from '../../src/tools/peers.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { launchChromium } from '../support/launchChromium.ts';
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
  // The last three use the keys and close; what is repeated is what comes before them.
  const repeated = source.slice(0, -3);
  const events: TraceEvent[] = [];
  for (let packet = 1; packet <= count; packet++) {
    const index = packet - 1;
    const left = count - index;
    const round = Math.floor(index / repeated.length);
    const event = left <= 3 ? source.at(-left) : repeated[index % repeated.length];
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

/** How many wanted to run: above the number of processors, times by the clock say more of others than of the panel. */
const load = (): string => `${(loadavg()[0] ?? 0).toFixed(1)} on ${availableParallelism()} processors`;

type Bench = typeof bench;

const ms = (value: number | undefined): string => (value === undefined ? '?' : `${value.toFixed(0)} ms`);
const label = (text: string): string => text.padEnd(52);

/** The main thread's tasks while something was done, the longest of each measure. */
interface Tasks {
  readonly wall: number;
  readonly cpu: number;
  /** Over 50 ms by the clock, and of those in CPU time. */
  readonly long: number;
  readonly busy: number;
}

interface TraceLine {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  /** Microseconds, by the clock and of the thread. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What a trace of Chromium says of the main thread's tasks. */
function tasksIn(trace: Buffer): Tasks {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceLine[] };
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = traceEvents.filter(({ name, pid, tid }) => name === taskName && main.has(`${pid}/${tid}`));
  const most = (times: readonly number[]): number => times.reduce((a, b) => Math.max(a, b), 0);
  const wall = tasks.map(({ dur = 0 }) => dur / 1000);
  const cpu = tasks.map(({ tdur = 0 }) => tdur / 1000);
  const over = (times: readonly number[]): number => times.filter((time) => time > 50).length;
  return { wall: most(wall), cpu: most(cpu), long: over(wall), busy: over(cpu) };
}
const taskName = 'ThreadControllerImpl::RunTask';

const tasksText = ({ wall, cpu, long, busy }: Tasks): string =>
  `longest task ${ms(wall)} (${ms(cpu)} CPU), ${long} over 50 ms (${busy} by CPU)`;

const spread = (times: readonly number[]): string => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => ms(sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]);
  return `${at(0.5)} median, ${at(0.99)} p99`;
};

export async function run(print: (line: string) => void): Promise<void> {
  if (findChromium() === undefined) return print('no Chromium: nothing measured');
  const files = await panelFiles('panelBenchPage.tsx');
  const capture = Buffer.from(longRun());
  const browser = await launchChromium(['--enable-precise-memory-info']);
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
    /** Calls a function of the page, and tells of the tasks that it caused. */
    const call = async <K extends keyof Bench>(
      name: K,
      ...args: Parameters<Bench[K]>
    ): Promise<{ readonly found: Awaited<ReturnType<Bench[K]>>; readonly tasks: Tasks }> => {
      await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
      const found = await page.evaluate(
        ([name, args]) => {
          const made = (globalThis as unknown as { bench: Record<string, (...args: unknown[]) => unknown> }).bench;
          return made[name]?.(...args);
        },
        [name, args] as [string, unknown[]],
      );
      return { found: found as Awaited<ReturnType<Bench[K]>>, tasks: tasksIn(await browser.stopTracing()) };
    };
    const empty = await heap();
    print(`${label('load of the machine at the beginning')} ${load()}`);

    const { found: told, tasks } = await call('tell', '/long.pcapng');
    print(`${told.datagrams} datagrams in the ladder, capture of ${(capture.length / 1e6).toFixed(1)} MB`);
    print(`${label('from the first data to a painted ladder')} ${ms(told.first)} (target 1000 ms)`);
    print(`${label('to all messages taken')} ${ms(told.told)}`);
    print(`${label('to the whole ladder painted')} ${ms(told.whole)}`);
    print(`${label('on the way')} ${tasksText(tasks)}`);
    const full = await heap();
    print(`${label('heap: empty panel, with the run')} ${empty.toFixed(1)} MB, ${full.toFixed(1)} MB`);

    for (const drawing of ['ladder', 'packing', 'table'] as const) {
      const { found: shown, tasks: showing } = await call('show', drawing);
      print(`${label(`${drawing}: shown`)} ${ms(shown)}; ${tasksText(showing)}`);
      for (const [how, screens] of [
        ['a quarter of a screen a frame', 0.25],
        ['a screen a frame', 1],
        ['top to end in 300 frames', 0],
      ] as const) {
        const { found, tasks } = await call('scroll', screens);
        const { gaps, rows, last } = found;
        print(
          `${label(`${drawing}: scrolled by ${how}`)} ${spread(gaps)}; ${tasksText(tasks)}; ${rows} rows, to ${last}`,
        );
      }
      for (const text of ['type:certificate', 'hello', '0x1603']) {
        const { found, tasks } = await call('type', text);
        print(`${label(`${drawing}: filter typed and deleted, ${text}`)} ${spread(found)}; ${tasksText(tasks)}`);
      }
      if (drawing === 'table') continue;
      for (const [what, key, times] of [
        ['walked to the end and back', 'End', 1],
        ['walked a page up', 'PageUp', 20],
        ['details opened', 'Enter', 1],
        ['walked with details', 'ArrowUp', 20],
        ['details closed, selection gone', 'Escape', 2],
        ['walked to the top', 'Home', 1],
        ['zoomed in', '+', 3],
        ['zoomed out', '-', 5],
        ['zoom as it was', '0', 1],
        ['selection gone', 'Escape', 1],
      ] as const) {
        if (drawing === 'packing' && what.startsWith('zoom')) continue;
        const { found, tasks } = await call('press', key, times);
        print(`${label(`${drawing}: ${what}`)} ${spread(found)}; ${tasksText(tasks)}`);
      }
      const { found, tasks } = await call('resize', 10);
      print(`${label(`${drawing}: made narrower`)} ${spread(found)}; ${tasksText(tasks)}`);
    }
    print(`${label('heap at the end')} ${(await heap()).toFixed(1)} MB`);
    print(`${label('load of the machine at the end')} ${load()}`);
  } finally {
    await browser.close();
  }
}
