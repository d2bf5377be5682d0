import { expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { CutRecords } from '../../src/capture/cutRecords.ts';
import { MediaCounter, type MediaRun } from '../../src/capture/media.ts';
import { CaptureReader, captureHeader, readCapture } from '../../src/capture/read.ts';
import { type Way, Ways } from '../../src/capture/ways.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { mixedTrace } from '../support/mixedCapture.ts';
import { snapshotOf } from '../support/reading.ts';
import { captureAt, simulated } from '../support/traces.ts';

/**
 * The first large datagram of the server comes in two, as from who cuts its bytes anywhere; the second begins as RTP does. A packet
 * of media comes right behind it.
 */
function brokenOff({ header, events }: Trace): Trace {
  const [large] = events.filter((event) => event.kind === 'datagram' && event.length > 550);
  const at = large?.kind === 'datagram' ? large.bytes.findIndex((byte, i) => i > 100 && byte >= 128 && byte <= 191) : 0;
  let packet = 0;
  const pieces = events.flatMap((event) => {
    if (event !== large || event.kind !== 'datagram') return [event];
    const media = Uint8Array.of(0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const all = [event.bytes.subarray(0, at), event.bytes.subarray(at), media];
    return all.map((bytes) => ({ ...event, bytes, length: bytes.length }));
  });
  return {
    header,
    events: pieces.map((event) => (event.kind === 'datagram' ? { ...event, packet: ++packet } : event)),
  };
}

const small = toPcapng(mixedTrace({ calls: 3, media: 40, stun: 12, seed: 1 }), { withKeys: true });

it('media that is counted gives the same handshakes as media that is told packet by packet', () => {
  const { trace } = readCapture(small);
  const [told, counted] = [0, 1].map(() => new Analysis({ crypto: nodeProvider, header: trace.header }));
  if (!told || !counted) throw new Error('no analysis');
  for (const event of trace.events) told.push(event);
  const events: TraceEvent[] = [];
  const sink = {
    push: (event: TraceEvent) => {
      events.push(event);
      counted.push(event);
    },
    media: (run: MediaRun) => counted.media(run),
  };
  const reader = new CaptureReader({ sink });
  for (let at = 0; at < small.length; at += 5000) expect(reader.push(small.subarray(at, at + 5000))).toEqual([]);
  reader.end();
  expect(events.some((event) => event.kind === 'datagram' && (event.bytes[0] ?? 0) >= 128)).toBe(false);
  const [one, other] = [told.snapshot(), counted.snapshot()];
  expect(other.unrelated).toEqual({ stun: 36, rtp: 108, rtcp: 12 });
  expect(other.unrelated).toEqual(one.unrelated);
  expect(other.handshakes.map(({ traffic }) => traffic)).toEqual(one.handshakes.map(({ traffic }) => traffic));
  expect(other.handshakes.map(({ endedAt, followed }) => [endedAt, followed])).toEqual(
    one.handshakes.map(({ endedAt, followed }) => [endedAt, followed]),
  );
});

it('a record that was broken off goes on in the next datagram, whatever that begins with', () => {
  const trace = captureAt(
    simulated({ server: { credentials: [bundledTestCredential('chain-3700')], mtu: 600 } }),
    'client',
    false,
  );
  const half = brokenOff(trace);
  const counted = new Analysis({ crypto: nodeProvider, header: trace.header, detach: true });
  const reader = new CaptureReader({ sink: counted });
  reader.push(toPcapng(half, { withKeys: false }));
  reader.end();
  const told = snapshotOf(half);
  const [handshake] = counted.snapshot().handshakes;
  expect(handshake?.datagrams.map(({ size }) => size)).toEqual(told.handshakes[0]?.datagrams.map(({ size }) => size));
  expect(handshake?.traffic.server.media).toBe(1);
  expect(handshake && diagnose(handshake).findings.map(({ id }) => id)).toContain('record-split-across-datagrams');
});

it('only what comes at once, from the same sender to the same, goes on with a record', () => {
  const cuts = new CutRecords();
  const head = Uint8Array.of(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, ...new Uint8Array(40));
  const begun = (at: number) => cuts.note('a', 'b', head, at);
  begun(0);
  expect([cuts.goesOn('b', 'a', 30, 1), cuts.goesOn('a', 'c', 30, 1), cuts.goesOn('a', 'b', 30, 2)]).toEqual([
    false,
    false,
    true,
  ]);
  // 30 of 60 bytes have come.
  expect([cuts.goesOn('a', 'b', 30, 40), cuts.none]).toEqual([true, true]);
  begun(100);
  expect([cuts.goesOn('a', 'b', 60, 151), cuts.none]).toEqual([false, true]);
  begun(200);
  cuts.note('a', 'b', Uint8Array.of(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 7), 201);
  expect(cuts.none).toBe(true);
});

/** The way of a datagram between hosts of these numbers, as a reader of captures finds it. */
const wayFinder = (forgetting: () => void) => {
  const ways = new Ways(forgetting);
  return (from: number, to: number): Way => {
    const [source, destination] = [from, to].map((host) => [10, host >> 16, (host >> 8) & 255, host & 255]);
    return ways.of(Uint8Array.from([...(source ?? []), ...(destination ?? []), 0, 9, 0, 9]), 0, 4, 8);
  };
};

it('counted media is told before what comes after it between the same two, and of strangers at the end', () => {
  const runs: MediaRun[] = [];
  const counter = new MediaCounter((run) => runs.push(run));
  const way = wayFinder(() => undefined);
  counter.add(way(1, 2), 111, 1);
  counter.add(way(2, 1), 200, 2);
  counter.add(way(1, 2), 111, 3);
  counter.add(way(3, 2), 111, 4);
  counter.before(way(2, 1));
  const [a, b, c] = ['10.0.0.1:9', '10.0.0.2:9', '10.0.0.3:9'];
  const ab = { src: a, dst: b, rtp: 2, rtcp: 0, lastAt: 3 };
  const ba = { src: b, dst: a, rtp: 0, rtcp: 1, lastAt: 2 };
  const cb = { src: c, dst: b, rtp: 1, rtcp: 0, lastAt: 4 };
  expect(runs).toEqual([ba, ab]);
  counter.flush();
  counter.flush();
  expect(runs).toEqual([ba, ab, cb]);
});

it('counted media is bounded, and none of it is lost', () => {
  let count = 0;
  const counter = new MediaCounter(({ rtp }) => {
    count += rtp;
  });
  let forgotten = 0;
  const way = wayFinder(() => {
    forgotten++;
    counter.flush();
  });
  for (let i = 0; i < 10_000; i++) counter.add(way(i, 0xffff00), 111, i);
  counter.flush();
  expect(count).toBe(10_000);
  expect(forgotten).toBe(2);
});

it('a way is the same for the same addresses and ports, of either family, and knows the way back', () => {
  const ways = new Ways(() => undefined);
  const of = (bytes: readonly number[], size: 4 | 16): Way => ways.of(Uint8Array.from(bytes), 0, size, 2 * size);
  const [one, other] = [
    [192, 0, 2, 1],
    [192, 0, 2, 2],
  ];
  const there = of([...one, ...other, 0, 1, 0, 2], 4);
  const back = of([...other, ...one, 0, 2, 0, 1], 4);
  expect([there.src, there.dst, back.src, back.dst]).toEqual([
    '192.0.2.1:1',
    '192.0.2.2:2',
    '192.0.2.2:2',
    '192.0.2.1:1',
  ]);
  expect([there.back, back.back]).toEqual([back, there]);
  expect(of([...one, ...other, 0, 1, 0, 2], 4)).toBe(there);
  expect(of([...one, ...other, 0, 1, 0, 3], 4)).not.toBe(there);
  const v6 = (last: number): number[] => [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), last];
  const wide = of([...v6(1), ...v6(2), 0, 1, 0, 2], 16);
  expect([wide.src, wide.dst]).toEqual(['[2001:db8::1]:1', '[2001:db8::2]:2']);
  expect(of([...v6(2), ...v6(1), 0, 2, 0, 1], 16).back).toBe(wide);
  expect(of([...v6(1), ...v6(2), 0, 1, 0, 2], 16)).toBe(wide);
  expect(of([...v6(1), ...v6(3), 0, 1, 0, 2], 16)).not.toBe(wide);
});

it('a chunk may be used again as soon as it was pushed, whoever keeps nothing of the trace', () => {
  const read = (reuse: boolean): string => {
    const analysis = new Analysis({ crypto: nodeProvider, header: captureHeader({}), detach: true });
    const reader = new CaptureReader({ sink: analysis });
    const part = new Uint8Array(5000);
    for (let at = 0; at < small.length; at += part.length) {
      const chunk = small.subarray(at, at + part.length);
      part.fill(0xee);
      part.set(chunk);
      reader.push(reuse ? part.subarray(0, chunk.length) : chunk);
    }
    reader.end();
    return JSON.stringify(analysis.snapshot());
  };
  expect(read(true)).toBe(read(false));
});
