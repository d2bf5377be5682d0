/**
 * A provider that remembers what keys made of the same inputs. A simulation that repeats asks for exactly what it asked
 * before, so it costs no arithmetic again; one that does not repeat asks for something else, and gets that.
 */
import { concatAll, toHex } from '../../src/base/bytes.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';

export function remembering(provider: CryptoProvider): CryptoProvider {
  const known = new Map<string, unknown>();
  const once = <T>(key: string, make: () => T): T => {
    if (!known.has(key)) known.set(key, make());
    return known.get(key) as T;
  };
  /** How many bytes such a call draws, from its first time. */
  const sizes = new Map<string, readonly number[]>();
  const drawing = <T>(what: string, input: string, random: RandomSource, make: (random: RandomSource) => T): T => {
    const pattern = sizes.get(what);
    if (!pattern) {
      const drawn: number[] = [];
      const made = make((length) => {
        drawn.push(length);
        return random(length);
      });
      sizes.set(what, drawn);
      return made;
    }
    const parts = pattern.map((length) => random(length));
    return once(`${what} ${input} ${toHex(concatAll(parts))}`, () => {
      const left = [...parts];
      return make((length) => left.shift() ?? random(length));
    });
  };
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part) => {
      if (part instanceof Uint8Array) return toHex(part);
      return typeof part === 'bigint' ? `${part}` : part;
    });
  return {
    ...provider,
    generate: (group, random) =>
      drawing(`generate ${group}`, '', random, (source) => {
        const { share, agree } = provider.generate(group, source);
        return { share, agree: (peer) => once(`agree ${toHex(share)} ${toHex(peer)}`, () => agree(peer)) };
      }),
    respond: (group, peer, random) =>
      drawing(`respond ${group}`, toHex(peer), random, (source) => provider.respond(group, peer, source)),
    sign: (key, scheme, message, random) =>
      drawing(`sign ${key.kind} ${scheme}`, `${text(key)} ${toHex(message)}`, random, (source) =>
        provider.sign(key, scheme, message, source),
      ),
    verify: (key, scheme, message, signature) =>
      once(`verify ${scheme} ${text(key)} ${toHex(message)} ${toHex(signature)}`, () =>
        provider.verify(key, scheme, message, signature),
      ),
    rsaDecrypt: (key, block) => once(`decrypt ${text(key)} ${toHex(block)}`, () => provider.rsaDecrypt(key, block)),
  };
}
