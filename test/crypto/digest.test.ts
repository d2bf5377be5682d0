/** Hashes and HMACs of the Node backend, which are put together by hand, against node:crypto's own at every border of theirs. */
import { createHash, createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { draw } from '../../src/crypto/node/random.ts';
import { backends } from './support.ts';

const names = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const;
const { bytes } = new Prng('digests');

it.each(backends)('makes HMACs of keys and messages of any length ($name)', ({ hmac }) => {
  for (const name of names)
    for (const key of [0, 1, 48, 63, 64, 65, 127, 128, 129, 300])
      for (const message of [0, 1, 63, 64, 65, 200, 895, 896, 959, 960, 961, 1024, 5000]) {
        const [k, m] = [bytes(key), bytes(message)];
        expect(hmac(name, k, m), `${name}, ${key}, ${message}`).toEqual(
          Uint8Array.from(createHmac(name, k).update(m).digest()),
        );
      }
});

it.each(backends)('hashes what it is given, whole or bit by bit ($name)', ({ hash, runningHash }) => {
  for (const name of names) {
    const running = runningHash(name);
    const whole = createHash(name);
    for (const length of [0, 1, 64, 3000]) {
      const part = bytes(length);
      running.update(part);
      whole.update(part);
      expect(running.digest()).toEqual(Uint8Array.from(whole.copy().digest()));
      expect(hash(name, part)).toEqual(Uint8Array.from(createHash(name).update(part).digest()));
    }
  }
});

it('never hands out the same random bytes twice, nor a view of what is left', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const drawn = draw(32);
    expect(drawn.buffer.byteLength).toBe(32);
    seen.add(Buffer.from(drawn).toString('hex'));
  }
  expect(seen.size).toBe(200);
  expect(draw(5000)).toHaveLength(5000);
  expect(draw(0)).toHaveLength(0);
});
