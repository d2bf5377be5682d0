import { expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { CaptureReader, captureHeader } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { type MixedOptions, mixedTrace } from '../support/mixedCapture.ts';

interface Retained {
  readonly handshakes: number;
  /** Datagrams, decrypted records and messages that are kept, and the memory that their bytes hold alive. */
  readonly buffers: number;
  readonly bytes: number;
  /** STUN messages that are kept one by one, and that are counted. */
  readonly stun: number;
  readonly leftOut: number;
}

/** What is left of a capture that was read part by part into the same memory, as the terminal reads it. */
function retained(calls: Omit<MixedOptions, 'seed'>): Retained {
  const capture = toPcapng(mixedTrace({ ...calls, seed: 3 }), { withKeys: true });
  const analysis = new Analysis({ crypto: nodeProvider, header: captureHeader({}), detach: true });
  const reader = new CaptureReader({ sink: analysis });
  const part = new Uint8Array(2 ** 16);
  for (let at = 0; at < capture.length; at += part.length) {
    const chunk = capture.subarray(at, at + part.length);
    part.set(chunk);
    reader.push(part.subarray(0, chunk.length));
  }
  reader.end();
  const { handshakes } = analysis.snapshot();
  const alive = new Set([...analysis.origins.keys()].map((buffer) => analysis.bytesOf(buffer)?.buffer));
  return {
    handshakes: handshakes.length,
    buffers: analysis.origins.size,
    bytes: [...alive].reduce((sum, buffer) => sum + (buffer?.byteLength ?? 0), 0),
    stun: handshakes.reduce((sum, { stun }) => sum + stun.length, 0),
    leftOut: handshakes.reduce((sum, { stunLeftOut }) => sum + stunLeftOut, 0),
  };
}

it('a call that goes on leaves nothing behind but counts', () => {
  const short = retained({ calls: 2, media: 100, stun: 300 });
  const long = retained({ calls: 2, media: 900, stun: 900 });
  expect(short).toMatchObject({ handshakes: 2, stun: 300, leftOut: 300 });
  expect(long).toEqual({ ...short, bytes: long.bytes, leftOut: 1500 });
  // Signatures differ by a byte or two.
  expect(Math.abs(long.bytes - short.bytes)).toBeLessThan(50);
});

it.each(['1.2', '1.3'] as const)('nor does data over DTLS %s, once there was some of it', (version) => {
  const call = { calls: 1, media: 4, stun: 4, version };
  const short = retained({ ...call, data: 100 });
  const long = retained({ ...call, data: 400 });
  expect(long).toEqual({ ...short, bytes: long.bytes });
  expect(Math.abs(long.bytes - short.bytes)).toBeLessThan(50);
});

it('a finished handshake holds a few kilobytes in a few dozen pieces, and no part of the file', () => {
  const few = retained({ calls: 2, media: 4, stun: 4 });
  const many = retained({ calls: 6, media: 4, stun: 4 });
  expect(many.handshakes - few.handshakes).toBe(4);
  expect((many.buffers - few.buffers) / 4).toBeLessThan(24);
  expect((many.bytes - few.bytes) / 4).toBeLessThan(8000);
});
