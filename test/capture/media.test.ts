import { expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { CutRecords } from '../../src/capture/cutRecords.ts';
import { MediaCounter, type MediaRun } from '../../src/capture/media.ts';
import { CaptureReader, readCapture } from '../../src/capture/read.ts';
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

it('counted media is told before what comes after it between the same two, and of strangers at the end', () => {
  const runs: MediaRun[] = [];
  const counter = new MediaCounter((run) => runs.push(run));
  counter.add('a', 'b', 111, 1);
  counter.add('b', 'a', 200, 2);
  counter.add('a', 'b', 111, 3);
  counter.add('c', 'b', 111, 4);
  counter.before('b', 'a');
  const [ab, ba, cb] = [
    { src: 'a', dst: 'b', rtp: 2, rtcp: 0, lastAt: 3 },
    { src: 'b', dst: 'a', rtp: 0, rtcp: 1, lastAt: 2 },
    { src: 'c', dst: 'b', rtp: 1, rtcp: 0, lastAt: 4 },
  ];
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
  for (let i = 0; i < 10_000; i++) counter.add(`a${i}`, 'b', 111, i);
  counter.flush();
  expect(count).toBe(10_000);
});
