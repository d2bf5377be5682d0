/** How fast messages are decoded (what the engine does) and dissected (what the inspector does). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '../../src/base/bytes.ts';
import { decode, dissect, encode } from '../../src/codec/codec.ts';
import { clientHello } from '../../src/wire/handshake.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { publicKeyOf, readCertificate } from '../../src/x509/read.ts';

/** Best of many short rounds, in microseconds: the machine may have other work. */
function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 100; round++) {
    const started = performance.now();
    for (let i = 0; i < 500; i++) work();
    least = Math.min(least, ((performance.now() - started) * 1000) / 500);
  }
  return least;
}

const row = (name: string, us: number): string =>
  `${name.padEnd(44)} ${us.toFixed(2).padStart(8)} µs ${Math.round(1e6 / us)
    .toLocaleString('en-US')
    .padStart(12)} /s`;

/** A hello with four extensions, as small DTLS stacks send it. */
const smallHello = fromHex(
  `fefd ${'11'.repeat(32)} 00 00 0004c02bc02f 0100 001c 000a00060004001d0017 000e00050002000100 00170000 ff01000100`,
);

export async function run(print: (line: string) => void): Promise<void> {
  if (!smallHello) throw new Error('the small hello is not hexadecimal');
  const chromium = Uint8Array.from(
    readFileSync(join(process.cwd(), 'test/fixtures/captures/chromium-clienthello.bin')),
  );
  for (const [name, bytes] of [
    [`hello of ${smallHello.length} bytes`, smallHello],
    [`Chromium's hello, ${chromium.length} bytes`, chromium],
  ] as const) {
    const value = decode(clientHello, bytes);
    print(
      row(
        `${name}: decode`,
        best(() => decode(clientHello, bytes)),
      ),
    );
    print(
      row(
        `${name}: dissect`,
        best(() => dissect(clientHello, 'client_hello', bytes)),
      ),
    );
    print(
      row(
        `${name}: encode`,
        best(() => encode(clientHello, value)),
      ),
    );
  }
  const record = fromHex('16fefd00000000000000000040') ?? new Uint8Array(0);
  const datagram = new Uint8Array(4 * 77);
  for (let at = 0; at < datagram.length; at += 77) datagram.set(record, at);
  print(
    row(
      'datagram of four records: split',
      best(() => splitDatagram(datagram)),
    ),
  );
  const [certificate = new Uint8Array(0)] = bundledTestCredential('ecdsa-p256-a').chain;
  print(
    row(
      'ECDSA P-256 certificate: read',
      best(() => readCertificate(certificate)),
    ),
  );
  print(
    row(
      'ECDSA P-256 certificate: public key alone',
      best(() => publicKeyOf(certificate)),
    ),
  );
}
