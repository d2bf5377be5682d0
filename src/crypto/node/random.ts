/** Random bytes of the system's generator, drawn in advance: a call into OpenSSL for every 32 of them is most of their cost. */
import { randomFillSync } from 'node:crypto';

const pool = new Uint8Array(1024);
let used = pool.length;

/** So many bytes that nobody else gets; what was handed out is not kept. */
export function draw(length: number): Uint8Array {
  if (length > pool.length) return randomFillSync(new Uint8Array(length));
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const out = pool.slice(used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return out;
}
