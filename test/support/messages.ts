/**
 * Handshake messages as real stacks sent them: put together from the clear-text fragments of the captures, with what
 * decides their layout. The walk reads headers by hand, so that it is no test of `src/wire` by itself.
 */
import { readFileSync } from 'node:fs';
import type { Version } from '../../src/wire/registry.ts';
import type { KeyExchange } from '../../src/wire/suites.ts';
import { captureDirectory, captureNames, loadCapture } from './fixtures.ts';

export interface SentMessage {
  readonly capture: string;
  readonly type: number;
  readonly body: Uint8Array;
  readonly version: Version;
  readonly keyExchange: KeyExchange;
}

/** Datagrams of a capture, in order. */
export const datagramsOf = (name: string): Uint8Array[] =>
  loadCapture(name).events.flatMap((event) => (event.kind === 'datagram' ? [event.bytes] : []));

export const browserHello = (browser: 'chromium' | 'firefox'): Uint8Array =>
  Uint8Array.from(readFileSync(`${captureDirectory}${browser}-clienthello.bin`));

/** Every distinct message that can be read in the clear in the captures up to DTLS 1.2. */
export function sentMessages(): SentMessage[] {
  return captureNames.filter((name) => !name.startsWith('dtls13')).flatMap(messagesOf);
}

function messagesOf(capture: string): SentMessage[] {
  const open = new Map<string, { type: number; body: Uint8Array; have: Set<number> }>();
  const done = new Map<string, { type: number; body: Uint8Array }>();
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u24 = (d: DataView, at: number): number => d.getUint16(at) * 256 + d.getUint8(at + 2);
  for (const bytes of datagramsOf(capture)) {
    const d = view(bytes);
    for (let at = 0; at + 13 <= bytes.length && d.getUint8(at) >= 20 && d.getUint8(at) <= 23; ) {
      const end = at + 13 + d.getUint16(at + 11);
      if (end > bytes.length) break;
      if (d.getUint8(at) === 22 && d.getUint16(at + 3) === 0) {
        for (let part = at + 13; part + 12 <= end; ) {
          const [type, total, seq] = [d.getUint8(part), u24(d, part + 1), d.getUint16(part + 4)];
          const [offset, length] = [u24(d, part + 6), u24(d, part + 9)];
          const body = bytes.subarray(part + 12, part + 12 + length);
          // Clients and servers number their messages alike; type and length keep them apart.
          const key = `${type}/${seq}/${total}`;
          const message = open.get(key) ?? { type, body: new Uint8Array(total), have: new Set<number>() };
          open.set(key, message);
          message.body.set(body, offset);
          for (let i = offset; i < offset + length; i++) message.have.add(i);
          if (message.have.size === total) done.set(`${key}/${message.body.join()}`, message);
          part += 12 + length;
        }
      }
      at = end;
    }
  }
  const hello = [...done.values()].find(({ type }) => type === 2)?.body;
  const suiteAt = 35 + (hello?.[34] ?? 0);
  const suite = hello ? (hello[suiteAt] ?? 0) * 256 + (hello[suiteAt + 1] ?? 0) : 0;
  const version: Version = hello?.[1] === 0xff ? '1.0' : '1.2';
  // The captures hold two key exchanges: ephemeral curves, and in DTLS 1.0 plain RSA.
  const keyExchange = suite >> 8 === 0xc0 || suite >> 8 === 0xcc ? 'ecdhe' : 'rsa';
  return [...done.values()].map(({ type, body }) => ({ capture, type, body, version, keyExchange }));
}
