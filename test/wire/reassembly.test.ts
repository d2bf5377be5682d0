import { describe, expect, it } from 'vitest';
import { equal } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { MessageAssembly } from '../../src/wire/reassembly.ts';
import { sentMessages } from '../support/messages.ts';

const assembly = (total: number): MessageAssembly => new MessageAssembly(11, 3, total);

describe('a message put together from fragments', () => {
  it('[38] is the message, for any order, any overlap and any borders', () => {
    const prng = new Prng('fragments');
    const bodies = sentMessages()
      .map(({ body }) => body)
      .filter((body) => body.length > 0);
    for (let round = 0; round < 600; round++) {
      const body = bodies[round % bodies.length] ?? new Uint8Array(1);
      const message = assembly(body.length);
      const longest = 1 + prng.int(Math.min(body.length, round % 3 === 0 ? 20 : 1500));
      const have = new Uint8Array(body.length);
      let count = 0;
      for (let step = 0; !message.complete; step++) {
        // Random fragments first, then whatever is missing, so that it ends.
        const [gap] = message.missing;
        const offset = step < 60 ? prng.int(body.length) : (gap?.[0] ?? 0);
        const end = Math.min(body.length, offset + prng.int(longest + 1) + (step < 60 ? 0 : 1));
        const effect = message.add(offset, body.subarray(offset, end));
        let before = 0;
        for (let i = offset; i < end; i++) before += have[i] ?? 0;
        have.fill(1, offset, end);
        const fresh = effect.fresh.reduce((sum, [from, to]) => sum + to - from, 0);
        count += fresh;
        if (effect.duplicateBytes !== before || fresh !== end - offset - before || effect.conflicts.length > 0)
          expect.fail(`fragment [${offset}, ${end}): ${JSON.stringify(effect)}`);
        if (count !== message.have.size) expect.fail(`${count} bytes came, ${message.have.size} are counted`);
      }
      if (!equal(message.body, body)) expect.fail(`round ${round}: another body`);
      expect(message.missing).toEqual([]);
    }
  });

  it('keeps the first bytes and says which later ones differ', () => {
    const prng = new Prng('conflicts');
    for (let round = 0; round < 120; round++) {
      const total = 1 + prng.int(3000);
      const message = assembly(total);
      const kept = new Array<number | undefined>(total).fill(undefined);
      for (let step = 0; step < 12; step++) {
        const offset = prng.int(total);
        const bytes = prng.bytes(1 + prng.int(total - offset)).map((byte) => byte & 3);
        const { conflicts } = message.add(offset, bytes);
        const differing: number[] = [];
        for (const [i, byte] of bytes.entries()) {
          const old = kept[offset + i];
          if (old === undefined) kept[offset + i] = byte;
          else if (old !== byte) differing.push(offset + i);
        }
        const told = conflicts.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
        if (told.join() !== differing.join()) expect.fail(`told ${told.join()}, differ ${differing.join()}`);
        // The body may be looked at at any time, and shows zeros where nothing came yet.
        if (
          step % 4 === 0 &&
          !equal(
            message.body,
            Uint8Array.from(kept, (byte) => byte ?? 0),
          )
        )
          expect.fail('another body');
      }
    }
  });

  it('goes on telling conflicts after it was complete and looked at', () => {
    const message = assembly(4);
    message.add(0, Uint8Array.of(1, 2, 3, 4));
    expect(message.body).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(message.add(1, Uint8Array.of(2, 9, 9))).toEqual({ fresh: [], duplicateBytes: 3, conflicts: [[2, 4]] });
    expect(message.body).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('shares no memory with the datagrams', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const message = assembly(3);
    message.add(0, bytes);
    bytes.fill(9);
    expect(message.body).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('[43] of no bytes is complete at once', () => {
    const message = assembly(0);
    expect(message.complete).toBe(true);
    expect(message.add(0, new Uint8Array(0))).toEqual({ fresh: [], duplicateBytes: 0, conflicts: [] });
    expect(message.body.length).toBe(0);
  });

  it('refuses bytes outside of it as a mistake of the caller', () => {
    const message = assembly(10);
    expect(() => message.add(9, Uint8Array.of(1, 2))).toThrow(RangeError);
    expect(() => message.add(-1, Uint8Array.of(1))).toThrow(RangeError);
    expect(() => message.add(11, new Uint8Array(0))).toThrow(RangeError);
    expect(message.have.size).toBe(0);
  });

  it('takes memory for what came, not for what a forged header declares', () => {
    // 2,000 headers that declare 16 MB each, with a byte at the far end: 32 GB if anybody believed them.
    const largest = 2 ** 24 - 1;
    const forged = Array.from({ length: 2000 }, () => assembly(largest));
    const before = process.memoryUsage().arrayBuffers;
    for (const message of forged) message.add(largest - 1, Uint8Array.of(7));
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(grown).toBeLessThan(8 * 2 ** 20);
    expect(forged.every((message) => !message.complete && message.have.size === 1)).toBe(true);
    const body = forged[0]?.body;
    expect(body?.length).toBe(largest);
    expect(body?.at(-1)).toBe(7);
  });

  it('of the largest size comes together from small fragments without delay', () => {
    // Every second fragment first: the number of pieces is as large as it can be.
    const total = 1_000_000;
    const message = assembly(total);
    for (const start of [0, 100]) {
      for (let at = start; at < total; at += 200) message.add(at, new Uint8Array(100).fill(at / 100));
    }
    expect(message.complete).toBe(true);
    expect(message.body[100]).toBe(1);
    expect(message.body[25_600 + 99]).toBe(0);
    expect(message.body[25_700]).toBe(1);
  });
});
