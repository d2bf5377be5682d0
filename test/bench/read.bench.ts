/** How fast captures are read: containers alone, then with analysis and diagnosis, which is what `dtlscope read` does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Analysis } from '../../src/analysis/analysis.ts';
import { concat, uintBytes } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { parseKeyLog, secretEvents } from '../../src/capture/keylog.ts';
import { CaptureReader, readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { readSqlog } from '../../src/trace/qlog/read.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';

const fixture = (name: string): Uint8Array => readFileSync(join(process.cwd(), 'test/fixtures/captures', name));
const names = ['loss-small', 'good_mutual_srtp', 'bigchain_mtu300', 'lossy_retransmit', 'chromium_janus_srtp'];

/** About `packets` packets: real handshakes of many clients, each with the SRTP of half a second behind it. */
function mixed(packets: number) {
  const random = new Prng(1);
  const sources = names.map((name) => {
    const { trace } = readCapture(fixture(`${name}.pcapng`));
    return trace.events.filter((event): event is DatagramEvent => event.kind === 'datagram');
  });
  const secrets = names.slice(0, -1).flatMap((name) => secretEvents(parseKeyLog(fixture(`${name}.keylog`)).secrets, 0));
  const events: TraceEvent[] = [...secrets];
  let packet = 0;
  for (let round = 0; packet < packets; round++) {
    const source = sources[round % sources.length] ?? [];
    const [first] = source;
    if (!first) break;
    const client = `10.${(round >> 16) & 255}.${(round >> 8) & 255}.${round & 255}:40000`;
    const server = '198.51.100.1:4433';
    for (const event of source) {
      const [src, dst] = event.src === first.src ? [client, server] : [server, client];
      events.push({ ...event, packet: ++packet, src, dst, at: round + event.at });
    }
    for (let i = 0; i < 100; i++) {
      const bytes = concat(Uint8Array.of(0x80, 111), uintBytes(i, 2), random.bytes(180));
      const media: DatagramEvent = {
        ...first,
        packet: ++packet,
        src: client,
        dst: server,
        bytes,
        length: bytes.length,
      };
      events.push({ ...media, at: round + 2000 + i * 5 });
    }
  }
  const header = readCapture(new Uint8Array(0)).trace.header;
  return { packets: packet, trace: { header, events } };
}

/** The best of several rounds: the others measure the machine's other work. */
function best(work: () => unknown, rounds = 3): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

export async function run(print: (line: string) => void): Promise<void> {
  const { packets, trace } = mixed(50_000);
  const pcapng = toPcapng(trace, { withKeys: true });
  const sqlog = new TextEncoder().encode(toSqlog(trace, { withKeys: true }));
  const row = (name: string, ms: number): void =>
    print(
      `${name.padEnd(44)} ${Math.round((packets / ms) * 1000)
        .toLocaleString('en-US')
        .padStart(12)} packets/s`,
    );
  const size = (bytes: Uint8Array): string => `${(bytes.length / 1e6).toFixed(1)} MB`;
  row(
    `read ${packets} packets, pcapng of ${size(pcapng)}`,
    best(() => readCapture(pcapng)),
  );
  row(
    'the same in chunks of 64 KiB',
    best(() => inChunks(pcapng)),
  );
  row(
    `the same as sqlog of ${size(sqlog)}`,
    best(() => readSqlog(sqlog)),
  );
  let handshakes = 0;
  const all = best(() => {
    const { trace } = readCapture(pcapng);
    const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
    for (const event of trace.events) analysis.push(event);
    const snapshot = analysis.snapshot();
    for (const handshake of snapshot.handshakes) diagnose(handshake);
    handshakes = snapshot.handshakes.length;
  }, 2);
  row(`pcapng, analysis, diagnosis (${handshakes} handshakes)`, all);
  row(
    'write pcapng',
    best(() => toPcapng(trace, { withKeys: true })),
  );
}

function inChunks(bytes: Uint8Array): number {
  const reader = new CaptureReader();
  for (let at = 0; at < bytes.length; at += 65536) reader.push(bytes.subarray(at, at + 65536));
  reader.end();
  return reader.counts.frames;
}
