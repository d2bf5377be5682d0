import { expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { MediaCounter, type MediaRun } from '../../src/capture/media.ts';
import { CaptureReader, readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { mixedTrace } from '../support/mixedCapture.ts';

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
