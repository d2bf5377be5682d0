/**
 * The records of a recorded DTLS 1.3 handshake opened by node:crypto from what RFC 9147 §4 and RFC 8446 §7 say, by hand: nothing
 * of dtlscope takes part, so that its own reading can be held against this one.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { Trace } from '../../src/trace/model.ts';

type Side = 'client' | 'server';

interface Suite {
  readonly hash: 'sha256' | 'sha384';
  readonly aead: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly keyLength: number;
}
const suites: Readonly<Record<number, Suite>> = {
  4865: { hash: 'sha256', aead: 'aes-128-gcm', keyLength: 16 },
  4866: { hash: 'sha384', aead: 'aes-256-gcm', keyLength: 32 },
  4867: { hash: 'sha256', aead: 'chacha20-poly1305', keyLength: 32 },
};

/** HKDF-Expand-Label with DTLS's prefix (RFC 8446 §7.1, RFC 9147 §5.9). */
function expandLabel(hash: string, secret: Uint8Array, label: string, length: number): Buffer {
  const name = Buffer.from(`dtls13${label}`);
  const info = Buffer.concat([Buffer.of(length >> 8, length & 255, name.length), name, Buffer.of(0)]);
  const blocks: Buffer[] = [];
  for (let i = 1; Buffer.concat(blocks).length < length; i++) {
    const before = blocks.at(-1) ?? Buffer.alloc(0);
    blocks.push(createHmac(hash, secret).update(before).update(info).update(Buffer.of(i)).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** The mask of a record number, from the first 16 bytes of the ciphertext (RFC 9147 §4.2.3). */
function maskOf({ aead, hash, keyLength }: Suite, secret: Uint8Array, sample: Uint8Array): Buffer {
  const key = expandLabel(hash, secret, 'sn', keyLength);
  if (aead === 'chacha20-poly1305') return createCipheriv('chacha20', key, sample).update(Buffer.alloc(2));
  return createCipheriv(`aes-${keyLength === 16 ? 128 : 256}-ecb`, key, null)
    .update(sample)
    .subarray(0, 2);
}

/** The inner plaintext without type and padding, if the record opens; its number must lie within its low bits' first turn. */
function open(suite: Suite, secret: Uint8Array, header: Uint8Array, body: Uint8Array): Buffer | undefined {
  const width = ((header[0] ?? 0) & 8) === 0 ? 1 : 2;
  const mask = maskOf(suite, secret, body.subarray(0, 16));
  const aad = Buffer.from(header);
  for (let i = 0; i < width; i++) aad[1 + i] = (aad[1 + i] ?? 0) ^ (mask[i] ?? 0);
  const iv = expandLabel(suite.hash, secret, 'iv', 12);
  const number = aad.readUIntBE(1, width);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ number) >>> 0, 8);
  const key = expandLabel(suite.hash, secret, 'key', suite.keyLength);
  const decipher = createDecipheriv(suite.aead as 'chacha20-poly1305', key, iv, { authTagLength: 16 });
  decipher.setAAD(aad, { plaintextLength: body.length - 16 });
  decipher.setAuthTag(body.subarray(-16));
  try {
    const inner = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
    return inner.subarray(
      0,
      inner.findLastIndex((byte) => byte !== 0),
    );
  } catch {
    return undefined;
  }
}

/** The content of each record under keys, in hexadecimal, by datagram. For recordings without connection IDs. */
export function openedByNode({ events }: Trace): Map<number, string[]> {
  const secrets: Record<Side, Map<number, Uint8Array>> = { client: new Map(), server: new Map() };
  for (const event of events) {
    const [, side = '', what] =
      event.kind === 'secret' ? (/^(CLIENT|SERVER)_(HANDSHAKE|TRAFFIC)/.exec(event.label) ?? []) : [];
    if (event.kind === 'secret' && what !== undefined)
      secrets[side === 'CLIENT' ? 'client' : 'server'].set(what === 'HANDSHAKE' ? 2 : 3, event.secret);
  }
  const datagrams = events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));
  const client = datagrams[0]?.src;
  // Record header, handshake header, version and random stand before the session id, the suite behind it.
  const hello = Buffer.from(datagrams.find(({ src }) => src !== client)?.bytes ?? []);
  const suite = suites[hello.readUInt16BE(60 + hello.readUInt8(59))];
  if (!suite) throw new Error('no suite of DTLS 1.3');

  const secretOf = (side: Side, epoch: number): Uint8Array | undefined => {
    const known = secrets[side].get(epoch);
    const before = known || epoch <= 3 ? undefined : secretOf(side, epoch - 1);
    return known ?? (before && expandLabel(suite.hash, before, 'traffic upd', before.length));
  };
  const found = new Map<number, string[]>();
  for (const { src, packet, bytes } of datagrams) {
    const side = src === client ? 'client' : 'server';
    for (let at = 0; at < bytes.length; ) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
      const first = view.readUInt8(0);
      if (first >> 5 !== 1) {
        at += 13 + view.readUInt16BE(11);
        continue;
      }
      const [width, hasLength] = [(first & 8) === 0 ? 1 : 2, (first & 4) !== 0];
      const headerLength = 1 + width + (hasLength ? 2 : 0);
      const end = hasLength ? headerLength + view.readUInt16BE(1 + width) : view.length;
      const [header, body] = [view.subarray(0, headerLength), view.subarray(headerLength, end)];
      for (let epoch = first & 3; epoch < 8; epoch += 4) {
        const secret = epoch < 2 ? undefined : secretOf(side, epoch);
        const content = secret && open(suite, secret, header, body);
        if (content) found.set(packet, [...(found.get(packet) ?? []), content.toString('hex')]);
      }
      at += end;
    }
  }
  return found;
}
