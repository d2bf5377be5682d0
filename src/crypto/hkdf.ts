/** HKDF (RFC 5869) and the labels that TLS 1.3 puts into it (RFC 8446 §7.1), with the prefix of DTLS (RFC 9147 §5.9). */
import { emptyBytes, utf8 } from '../base/bytes.ts';
import type { CryptoProvider, HashName } from './provider.ts';
import { hashLength } from './schemes.ts';

/** What stands before every label: DTLS has no space behind it (RFC 9147 §5.9). */
export type LabelPrefix = 'dtls13' | 'tls13 ';

/** HKDF-Extract(salt, IKM) (RFC 5869 §2.2). */
export const hkdfExtract = (
  provider: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  salt: Uint8Array,
  keyMaterial: Uint8Array,
): Uint8Array => provider.hmac(hash, salt, keyMaterial);

/** HKDF-Expand(PRK, info, L) (RFC 5869 §2.3). Throws `RangeError` beyond 255 blocks. */
export function hkdfExpand(
  provider: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const size = hashLength[hash];
  if (length > 255 * size) throw new RangeError(`HKDF gives at most ${255 * size} bytes with ${hash}`);
  const out = new Uint8Array(length);
  // T(n) = HMAC(T(n-1) || info || n); T(0) is empty.
  const input = new Uint8Array(size + info.length + 1);
  input.set(info, size);
  for (let at = 0, n = 1; at < length; at += size, n++) {
    input[input.length - 1] = n;
    const block = provider.hmac(hash, key, n === 1 ? input.subarray(size) : input);
    out.set(block.length > length - at ? block.subarray(0, length - at) : block, at);
    input.set(block);
  }
  return out;
}

/** HKDF-Expand-Label(Secret, Label, Context, Length) (RFC 8446 §7.1). */
export function hkdfExpandLabel(
  provider: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
  prefix: LabelPrefix = 'dtls13',
): Uint8Array {
  const name = utf8(prefix + label);
  if (name.length > 255 || context.length > 255) throw new RangeError('label and context have one byte of length each');
  // HkdfLabel: uint16 length, opaque label<7..255>, opaque context<0..255>; and behind it the number of the first block.
  const info = new Uint8Array(5 + name.length + context.length);
  info[0] = length >> 8;
  info[1] = length & 0xff;
  info[2] = name.length;
  info.set(name, 3);
  info[3 + name.length] = context.length;
  info.set(context, 4 + name.length);
  info[info.length - 1] = 1;
  if (length > hashLength[hash]) return hkdfExpand(provider, hash, secret, info.subarray(0, -1), length);
  // Keys and secrets are never longer than one block.
  const block = provider.hmac(hash, secret, info);
  return block.length === length ? block : block.slice(0, length);
}

/** No context, as most labels have it. */
export const noContext = emptyBytes;
