/**
 * How fast captures are read: containers alone, with analysis and diagnosis, which is what `dtlscope read` does, and that command
 * as a process, in turn with tshark's one-line summaries of the same file. And what memory the reading takes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Analysis } from '../../src/analysis/analysis.ts';
import { CaptureReader, readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { readSqlog } from '../../src/trace/qlog/read.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { hundredThousand, mixedTrace } from '../support/mixedCapture.ts';

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
  const trace = mixedTrace(hundredThousand);
  const packets = trace.events.filter(({ kind }) => kind === 'datagram').length;
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
    const analysis = new Analysis({ crypto: nodeProvider, header: trace.header, detach: true });
    const reader = new CaptureReader({ sink: analysis });
    for (let at = 0; at < pcapng.length; at += 1 << 20) reader.push(pcapng.subarray(at, at + (1 << 20)));
    reader.end();
    const snapshot = analysis.snapshot();
    for (const handshake of snapshot.handshakes) diagnose(handshake);
    handshakes = snapshot.handshakes.length;
  }, 5);
  row(`pcapng, analysis, diagnosis (${handshakes} handshakes)`, all);
  row(
    'write pcapng',
    best(() => toPcapng(trace, { withKeys: true })),
  );
  sideBySide(pcapng, packets, print);
}

/** CPU time of a command, user and system, in ms, and the most memory that it had, in KiB; undefined when it can not be run. */
function measured(command: readonly string[]): { readonly cpu: number; readonly kib: number } | undefined {
  const { stderr, status } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [user, system, kib] = (stderr ?? '').trimEnd().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  if (status !== 0 || user === undefined || system === undefined || kib === undefined) return undefined;
  return { cpu: (user + system) * 1000, kib };
}

/** `dtlscope read` and tshark on the same file, in turn, each as a process with its start. */
function sideBySide(pcapng: Uint8Array, packets: number, print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'dtlscope-bench-'));
  const [file, none] = [join(folder, 'mixed.pcapng'), join(folder, 'none.pcapng')];
  writeFileSync(file, pcapng);
  writeFileSync(none, toPcapng({ header: mixedTrace({ ...hundredThousand, calls: 0 }).header, events: [] }, noKeys));
  const cli = join(process.cwd(), 'dist', 'cli', 'dtlscope.mjs');
  const contestants = {
    'dtlscope read': [process.execPath, cli, 'read', file],
    'tshark -n -r': ['tshark', '-n', '-r', file],
    'dtlscope read of an empty capture': [process.execPath, cli, 'read', none],
  };
  const names = ['dtlscope read', 'tshark -n -r', 'dtlscope read of an empty capture'] as const;
  const runs = { 'dtlscope read': [], 'tshark -n -r': [], 'dtlscope read of an empty capture': [] } as Record<
    (typeof names)[number],
    { readonly cpu: number; readonly kib: number }[]
  >;
  for (let round = 0; round < 5; round++) {
    for (const name of names) {
      const one = measured(contestants[name]);
      if (one) runs[name].push(one);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  for (const name of names) {
    if (runs[name].length === 0) {
      print(`${name}: could not be run (it wants npm run build, tshark and GNU time)`);
      continue;
    }
    const [cpu, kib] = [median(runs[name].map((one) => one.cpu)), median(runs[name].map((one) => one.kib))];
    const rate = name.endsWith('capture')
      ? ''
      : `, ${Math.round((packets / cpu) * 1000).toLocaleString('en-US')} packets/s`;
    print(`${name}: ${Math.round(cpu)} ms of CPU with its start${rate}, ${Math.round(kib / 1024)} MiB at most`);
  }
  const [ours, theirs] = [runs['dtlscope read'], runs['tshark -n -r']];
  if (ours.length === 0 || theirs.length === 0) return;
  const ratios = ours.flatMap(({ cpu }, i) => (theirs[i] ? [theirs[i].cpu / cpu] : []));
  print(`as processes, dtlscope is ${median(ratios).toFixed(1)} times as fast as tshark (median of the rounds)`);
}

const noKeys = { withKeys: false };

function inChunks(bytes: Uint8Array): number {
  const reader = new CaptureReader();
  for (let at = 0; at < bytes.length; at += 65536) reader.push(bytes.subarray(at, at + 65536));
  reader.end();
  return reader.counts.frames;
}
