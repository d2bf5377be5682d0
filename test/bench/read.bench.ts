/**
 * How fast captures are read: containers alone, with analysis and diagnosis, which is what `dtlscope read` does, and that command
 * as a process, in turn with tshark's one-line summaries of the same file. And what memory the reading takes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Analysis } from '../../src/analysis/analysis.ts';
import { CaptureReader, captureHeader, readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { textLadder } from '../../src/report/text.ts';
import type { TraceHeader } from '../../src/trace/model.ts';
import { readSqlog } from '../../src/trace/qlog/read.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { hundredThousand, mixedTrace, withData } from '../support/mixedCapture.ts';

/** CPU time of the best of several rounds: the others measure the compiler, and the machine's other work. ms */
function best(work: () => unknown, times = 3): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
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
        .padStart(12)} packets/s of CPU`,
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
  for (const [what, text] of [
    ['pcapng, analysis, diagnosis', false],
    ['the same, and the text', true],
  ] as const) {
    const ms = best(() => {
      handshakes = explain(pcapng, trace.header, text);
    }, 12);
    row(`${what} (${handshakes} handshakes)`, ms);
  }
  row(
    'write pcapng',
    best(() => toPcapng(trace, { withKeys: true })),
  );
  sideBySide(pcapng, trace.header, packets, print);
  for (const version of ['1.2', '1.3'] as const) {
    const { header, events } = mixedTrace(withData(version));
    const count = events.filter(({ kind }) => kind === 'datagram').length;
    const capture = toPcapng({ header, events }, { withKeys: true });
    print(`${count} packets, ${size(capture)}, a third of them data over DTLS ${version}:`);
    beside(capture, header, count, print);
  }
}

/** What `dtlscope read` does with a capture, file by parts of a megabyte. Answers how many handshakes are in it. */
function explain(pcapng: Uint8Array, header: TraceHeader, text: boolean): number {
  const analysis = new Analysis({ crypto: nodeProvider, header, detach: true });
  const reader = new CaptureReader({ sink: analysis });
  for (let at = 0; at < pcapng.length; at += 1 << 20) reader.push(pcapng.subarray(at, at + (1 << 20)));
  reader.end();
  const { handshakes } = analysis.snapshot();
  for (const handshake of handshakes) {
    const diagnosis = diagnose(handshake);
    if (text) textLadder(handshake, diagnosis, { width: 100, colour: false });
  }
  return handshakes.length;
}

interface Cost {
  /** User and system, of all threads. ms */
  readonly cpu: number;
  /** From start to end, on a machine that may have other work. ms */
  readonly wall: number;
  /** The most memory that it had. */
  readonly bytes: number;
}

/** What a command costs; undefined when it can not be run. */
function measured(command: readonly string[]): Cost | undefined {
  const { stderr, status } = spawnSync('/usr/bin/time', ['-f', '%U %S %e %M', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [user, system, wall, kib] = (stderr ?? '').trimEnd().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  if (status !== 0 || user === undefined || system === undefined || wall === undefined || kib === undefined)
    return undefined;
  return { cpu: (user + system) * 1000, wall: wall * 1000, bytes: kib * 1024 };
}

/** Another capture, read by both as processes and here, warm, in turn. */
function beside(pcapng: Uint8Array, header: TraceHeader, packets: number, print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'dtlscope-bench-'));
  const file = join(folder, 'data.pcapng');
  writeFileSync(file, pcapng);
  const cli = join(process.cwd(), 'dist', 'cli', 'dtlscope.mjs');
  const cpus: Record<'ours' | 'theirs' | 'warm', number[]> = { ours: [], theirs: [], warm: [] };
  best(() => explain(pcapng, header, false), 6);
  for (let round = 0; round < rounds; round++) {
    const ours = measured([process.execPath, cli, 'read', file]);
    const theirs = measured(['tshark', '-n', '-r', file]);
    if (!ours || !theirs) {
      print('  could not be run (it wants npm run build, tshark and GNU time)');
      break;
    }
    cpus.ours.push(ours.cpu);
    cpus.theirs.push(theirs.cpu);
    cpus.warm.push(best(() => explain(pcapng, header, false), 1));
  }
  rmSync(folder, { recursive: true, force: true });
  const { ours, theirs, warm } = cpus;
  if (theirs.length === 0) return;
  const ratio = (own: readonly number[]): string =>
    median(theirs.map((cpu, i) => cpu / (own[i] ?? Number.NaN))).toFixed(1);
  const rate = (own: readonly number[]): string => Math.round((packets / median(own)) * 1000).toLocaleString('en-US');
  print(
    `  tshark reads ${rate(theirs)} packets/s of CPU, dtlscope ${ratio(ours)} times as many as a process and ${ratio(warm)} times in one that is warm`,
  );
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

const empty = 'dtlscope read of an empty capture';
const short = 'dtlscope read';
const long = 'dtlscope read of four times as many calls';
const theirs = 'tshark -n -r';
const rounds = 5;

/**
 * `dtlscope read` and tshark's one-line summaries of the same file, in turn, each as a process with its start. dtlscope opens the
 * records with the keys in the file; tshark is given none.
 */
function sideBySide(pcapng: Uint8Array, header: TraceHeader, packets: number, print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'dtlscope-bench-'));
  const write = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const file = write('mixed.pcapng', pcapng);
  const none = write('none.pcapng', toPcapng({ header: captureHeader({}), events: [] }, { withKeys: false }));
  const fourTimes = toPcapng(mixedTrace({ ...hundredThousand, calls: hundredThousand.calls * 4 }), { withKeys: true });
  const more = write('more.pcapng', fourTimes);
  const cli = join(process.cwd(), 'dist', 'cli', 'dtlscope.mjs');
  const read = (path: string): string[] => [process.execPath, cli, 'read', path];
  const contestants = [
    [short, read(file)],
    [theirs, ['tshark', '-n', '-r', file]],
    [empty, read(none)],
    [long, read(more)],
  ] as const;
  const runs = new Map<string, Cost[]>(contestants.map(([name]) => [name, []]));
  const warm = new Map<boolean, number[]>([
    [false, []],
    [true, []],
  ]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of contestants) {
      const one = name === long && round > 0 ? undefined : measured(command);
      if (one) runs.get(name)?.push(one);
    }
    // This process is warm by now: what came before has read the same capture a dozen times.
    for (const [text, costs] of warm) costs.push(best(() => explain(pcapng, header, text), 1));
  }
  rmSync(folder, { recursive: true, force: true });
  const typical = (name: string, what: keyof Cost): number => median((runs.get(name) ?? []).map((one) => one[what]));
  for (const [name] of contestants) {
    if (runs.get(name)?.length === 0) {
      print(`${name}: could not be run (it wants npm run build, tshark and GNU time)`);
      continue;
    }
    const [cpu, wall, bytes] = [typical(name, 'cpu'), typical(name, 'wall'), typical(name, 'bytes')];
    const count = name === long ? packets * 4 : packets;
    const rate = name === empty ? '' : `, ${Math.round((count / cpu) * 1000).toLocaleString('en-US')} packets/s of CPU`;
    print(`${name}: ${Math.round(cpu)} ms of CPU, ${Math.round(wall)} ms in all${rate}, ${mebi(bytes)} MiB at most`);
  }
  const [ours, other] = [runs.get(short) ?? [], runs.get(theirs) ?? []];
  const times = (what: 'cpu' | 'wall'): string =>
    median(ours.flatMap((one, i) => (other[i] ? [other[i][what] / one[what]] : []))).toFixed(1);
  if (ours.length > 0 && other.length > 0)
    print(`as processes, dtlscope is ${times('cpu')} times as fast as tshark by CPU, ${times('wall')} by the clock`);
  for (const [text, costs] of warm) {
    const ratio = median(costs.flatMap((ms, i) => (other[i] ? [other[i].cpu / ms] : [])));
    print(
      `in a process that is warm it is ${ratio.toFixed(1)} times as fast by CPU, ${text ? 'with' : 'without'} the text`,
    );
  }
  const grown = (name: string, size: number): string =>
    ((typical(name, 'bytes') - typical(empty, 'bytes')) / size).toFixed(2);
  print(
    `beyond what it takes to start, memory is ${grown(short, pcapng.length)} times a file of ${mebi(pcapng.length)} MiB, ` +
      `and ${grown(long, fourTimes.length)} times one of ${mebi(fourTimes.length)} MiB`,
  );
}

const mebi = (bytes: number): number => Math.round(bytes / 2 ** 20);

function inChunks(bytes: Uint8Array): number {
  const reader = new CaptureReader();
  for (let at = 0; at < bytes.length; at += 65536) reader.push(bytes.subarray(at, at + 65536));
  reader.end();
  return reader.counts.frames;
}
