import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import type { Codec } from '../../src/codec/codec.ts';
import { bodyCodec, clientHello, handshakeHeader, handshakeTypeName } from '../../src/wire/handshake.ts';
import { alert, changeCipherSpec, datagram } from '../../src/wire/record.ts';
import { captureNames } from '../support/fixtures.ts';
import { invariantFault } from '../support/invariants.ts';
import { browserHello, datagramsOf, sentMessages } from '../support/messages.ts';
import { samples13 } from '../support/samples13.ts';

interface Sample {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly bytes: Uint8Array;
}

const hellos = (): Sample[] =>
  (['chromium', 'firefox'] as const).map((name) => ({ name, codec: clientHello, bytes: browserHello(name) }));

const messages = (): Sample[] =>
  sentMessages().map(({ capture, type, body, version, keyExchange }) => ({
    name: `${handshakeTypeName(type)} of ${capture}`,
    codec: bodyCodec(type, { version, keyExchange }),
    bytes: body,
  }));

const small = (): Sample[] => [
  { name: 'alert', codec: alert, bytes: Uint8Array.of(2, 40) },
  { name: 'change_cipher_spec', codec: changeCipherSpec, bytes: Uint8Array.of(1) },
  {
    name: 'handshake header',
    codec: handshakeHeader,
    bytes: Uint8Array.of(1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0),
  },
];

/** DTLS datagrams up to 1.2 that hold whole records. */
const datagrams = (): Sample[] =>
  ['good_ecdhe_rsa', 'good_mutual_srtp', 'dtls10_rsa_cbc', 'loss-small'].flatMap((name) =>
    datagramsOf(name).map((bytes, i) => ({ name: `datagram ${i + 1} of ${name}`, codec: datagram, bytes })),
  );

const samples = (): Sample[] => [...hellos(), ...messages(), ...small(), ...datagrams(), ...samples13()];

describe('what real stacks sent', () => {
  it('is in the captures: every message that DTLS 1.0 and 1.2 have, of four stacks', () => {
    const names = new Set(sentMessages().map(({ type }) => handshakeTypeName(type)));
    expect([...names].sort()).toEqual([
      'certificate',
      'certificate_request',
      'certificate_verify',
      'client_hello',
      'client_key_exchange',
      'hello_verify_request',
      'new_session_ticket',
      'server_hello',
      'server_hello_done',
      'server_key_exchange',
    ]);
    expect(captureNames.length).toBeGreaterThan(10);
  });

  it('is there of DTLS 1.3 too, with what NSS did not send made by hand: every message and record', () => {
    const names = samples13().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(50);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is accepted, tiled, and written back byte for byte', () => {
    for (const { name, codec, bytes } of samples()) {
      const { accepted, fault } = invariantFault(codec, bytes);
      expect({ name, accepted, fault }).toEqual({ name, accepted: true, fault: undefined });
    }
  });

  it('keeps the four invariants wherever it is cut off', () => {
    for (const { name, codec, bytes } of [
      ...hellos(),
      ...messages(),
      ...small(),
      ...datagrams().slice(0, 12),
      ...samples13(),
    ]) {
      // Certificates of 3 KB are cut at each of their first and last 300 bytes; the middle is one opaque field.
      for (let length = 0; length < bytes.length; length++) {
        if (length > 300 && length < bytes.length - 300) length += 6;
        const { fault } = invariantFault(codec, bytes.subarray(0, length));
        if (fault) expect.fail(`${name}, ${length} bytes: ${fault}`);
      }
    }
  });

  it('keeps them under any corruption', () => {
    const prng = new Prng('corruption');
    const all = samples();
    const tally = { accepted: 0, refused: 0 };
    const each = Math.ceil(150_000 / all.length);
    for (const { name, codec, bytes } of all) {
      if (bytes.length === 0) continue;
      const copy = Uint8Array.from(bytes);
      // Lengths stand mostly in front: half of the changes go there.
      const place = (): number => prng.int(prng.int(2) === 0 ? Math.min(60, copy.length) : copy.length);
      for (let i = 0; i < each; i++) {
        const changed = [place(), place()].slice(0, 1 + prng.int(2));
        for (const at of changed) copy[at] = prng.int(256);
        const { accepted, fault } = invariantFault(codec, copy);
        if (fault) expect.fail(`${name}: ${fault}`);
        tally[accepted ? 'accepted' : 'refused']++;
        for (const at of changed) copy[at] = bytes[at] ?? 0;
      }
    }
    expect(tally.accepted).toBeGreaterThan(10_000);
    expect(tally.refused).toBeGreaterThan(5000);
  });

  it('keeps them on noise', () => {
    const prng = new Prng('noise');
    const codecs = [...new Set(samples().map(({ codec }) => codec))];
    for (let i = 0; i < 50_000; i++) {
      const codec = codecs[i % codecs.length];
      const noise = prng.bytes(prng.int(80));
      // Small numbers make lengths that fit, and so get further in.
      if (i % 3 === 0) for (let k = 0; k < noise.length; k++) noise[k] = (noise[k] ?? 0) % 8;
      const { fault } = codec ? invariantFault(codec, noise) : { fault: 'no codec' };
      if (fault) expect.fail(fault);
    }
  });
});
