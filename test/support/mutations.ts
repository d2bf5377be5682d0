/** Datagrams that almost are what a peer sends: what the hostile tests throw at an endpoint by the hundred thousand. */
import { concat } from '../../src/base/bytes.ts';
import type { Prng } from '../../src/base/random.ts';
import { defaultConfig } from '../../src/engine/index.ts';
import type { Pair } from './pair.ts';
import { rawFragment, rawRecord } from './raw.ts';

const { limits } = defaultConfig('server');
/** What an endpoint may hold for somebody who has proved nothing. */
export const mostHeld = (limits.messagesAhead + 1) * limits.messageBytes + limits.recordsAhead * 2 * 2 ** 14;
/** What a server may hold for clients whose hellos it still puts together. */
export const mostHeldForHellos = 8 * limits.messageBytes;

/** What is made up beside what was captured. */
export interface Inventions {
  /** Content types from 20 on, epochs from 0 on, types of handshake messages from 0 on: how many of each. */
  readonly contentTypes: number;
  readonly epochs: number;
  readonly messages: number;
  /** Bytes of the shortest record header. */
  readonly header: number;
  /** Records with unified headers of every form. */
  readonly unified: boolean;
}
export const inventions12: Inventions = { contentTypes: 5, epochs: 3, messages: 25, header: 13, unified: false };
export const inventions13: Inventions = { contentTypes: 7, epochs: 5, messages: 27, header: 5, unified: true };

/** One of these datagrams, damaged in one of several ways, or one made up. */
export function mutate(corpus: readonly Uint8Array[], random: Prng, made: Inventions): Uint8Array {
  const pick = (): Uint8Array => corpus[random.int(corpus.length)] ?? new Uint8Array();
  const bytes = Uint8Array.from(pick());
  const place = (): number => random.int(Math.max(1, bytes.length));
  switch (random.int(made.unified ? 9 : 8)) {
    case 0:
      for (let i = 0; i <= random.int(8); i++) bytes[place()] = random.int(256);
      return bytes;
    case 1:
      return bytes.subarray(0, place());
    case 2:
      return concat(bytes.subarray(0, place()), pick().subarray(random.int(200)));
    case 3:
      // Headers of records and fragments are where the lengths are.
      bytes[random.int(25)] = random.int(256);
      return bytes;
    case 4:
      return concat(
        bytes.subarray(0, made.header + random.int(30)),
        random.bytes(random.int(60)),
        bytes.subarray(random.int(60)),
      );
    case 5:
      bytes[place()] = (bytes[place()] ?? 0) ^ (1 << random.int(8));
      return bytes;
    case 6:
      return rawRecord({
        type: 20 + random.int(made.contentTypes),
        epoch: random.int(made.epochs),
        number: random.int(1000),
        body: rawFragment({
          type: random.int(made.messages),
          seq: random.int(12),
          total: random.int(3) ? random.int(5000) : random.int(2 ** 24),
          offset: random.int(3) ? random.int(100) : random.int(2 ** 24),
          body: random.bytes(random.int(80)),
        }),
      });
    case 7:
      return random.bytes(random.int(200));
    default:
      return concat(Uint8Array.of(0x20 + random.int(32)), random.bytes(random.int(80)));
  }
}

/** Forgets what both sides said: only that they said it without a fault matters. */
export function forget(pair: Pair): void {
  pair.sent.length = 0;
  for (const side of [pair.client, pair.server]) {
    side.events.length = 0;
    side.sent.length = 0;
  }
}
