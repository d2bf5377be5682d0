/**
 * One of every message and record of DTLS 1.3: those of real handshakes, opened with their keys, and made by hand what
 * NSS had no reason to send. The bytes of the handmade ones are written out, not encoded.
 */
import { fromHex } from '../../src/base/bytes.ts';
import type { Codec } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { bodyCodec, handshakeTypeName } from '../../src/wire/handshake.ts';
import { anyDatagram } from '../../src/wire/record.ts';
import { ack, innerPlaintext } from '../../src/wire/unified.ts';
import { readRecording, recordings } from './dtls13.ts';

export interface Sample {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly bytes: Uint8Array;
}

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(text);
  return bytes;
};
const repeated = (length: number, byte: string): string => byte.repeat(length);
/** A block of so many bytes behind its length. */
const sized = (width: number, text: string): string =>
  (
    hex(text)
      .length.toString(16)
      .padStart(2 * width, '0') + text
  ).replace(/\s/g, '');
const extension = (type: string, body: string): string => type + sized(2, body);

const body = (type: number, hash: 'sha256' | 'sha384' | 'not known' = 'sha256'): Codec<unknown> =>
  bodyCodec(type, { version: '1.3', keyExchange: undefined, hash: hash === 'not known' ? undefined : hash });

const random = repeated(32, '5a');
export const helloRetryHex = `fefd cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00 ${sized(
  2,
  extension('002b', 'fefc') + extension('0033', '0017') + extension('002c', sized(2, 'c0ffee')),
)}`.replace(/\s/g, '');

/** A hello that resumes: every 1.3 extension of a ClientHello that the browsers do not send. */
export const resumingHelloHex = `fefd ${random} 00 00 ${sized(2, '13021303')} 0100 ${sized(
  2,
  [
    extension('0001', '02'),
    extension('001b', sized(1, '0001 0002')),
    extension('002a', ''),
    extension('002b', sized(1, 'fefc')),
    extension('002c', sized(2, 'c0ffee')),
    extension('002d', '0101'),
    extension('002f', sized(2, sized(2, '3000'))),
    extension('0031', ''),
    extension('0032', sized(2, '04030804')),
    extension('0033', sized(2, `0017${sized(2, repeated(65, '04'))}`)),
    extension('0036', sized(1, 'abcd')),
    extension(
      '0029',
      sized(2, `${sized(2, '7469636b6574')}0000303a${sized(2, 'aa')}00000000`) +
        sized(2, sized(1, repeated(48, 'b1')) + sized(1, repeated(32, 'b2'))),
    ),
  ].join(''),
)}`.replace(/\s/g, '');

const handmade: readonly (readonly [name: string, codec: Codec<unknown>, text: string])[] = [
  ['hello_retry_request', body(2), helloRetryHex],
  ['a hello that resumes', body(1), resumingHelloHex],
  [
    'a ServerHello that resumes',
    body(2),
    `fefd${random}00130200${sized(2, extension('002b', 'fefc') + extension('0029', '0001') + extension('0036', sized(1, '01')))}`,
  ],
  [
    'encrypted_extensions',
    body(8),
    sized(
      2,
      extension('000a', sized(2, '001d')) +
        extension('000e', '0002000700') +
        extension('0010', sized(2, sized(1, '776562727463'))) +
        extension('001c', '4001') +
        extension('002a', '') +
        extension('0000', '') +
        extension('0001', '03') +
        extension('fe0d', '0102'),
    ),
  ],
  [
    'certificate_request',
    body(13),
    sized(1, 'c0') +
      sized(
        2,
        extension('000d', sized(2, '040308040807')) +
          extension('0032', sized(2, '0401')) +
          extension('002f', sized(2, sized(2, '300130'))) +
          extension('001b', sized(1, '0002')) +
          extension('0022', sized(2, '0403')) +
          extension('0030', sized(2, sized(1, '551d25') + sized(2, '3000'))),
      ),
  ],
  [
    'certificate with extensions',
    body(11),
    sized(1, 'c0') +
      sized(
        3,
        sized(3, '3003020101') +
          sized(
            2,
            extension('0022', `00015180 0403${sized(3, '3059')} 0403 ${sized(2, '3045')}`.replace(/\s/g, '')) +
              extension('0012', '0000'),
          ) +
          sized(3, '3000') +
          sized(2, ''),
      ),
  ],
  ['an empty certificate', body(11), '00000000'],
  ['compressed_certificate', body(25), `0002000400${sized(3, '1b03')}`],
  ['certificate_verify', body(15), `0807${sized(2, repeated(64, '11'))}`],
  ['finished of SHA-384', body(20, 'sha384'), repeated(48, 'ab')],
  ['finished of a suite not known', body(20, 'not known'), repeated(40, 'ab')],
  [
    'new_session_ticket',
    body(4),
    `00093a80 deadbeef ${sized(1, '0000')} ${sized(2, '7469636b6574')} ${sized(2, extension('002a', 'ffffffff'))}`,
  ],
  ['key_update', body(24), '01'],
  ['end_of_early_data', body(5), ''],
  ['request_connection_id', body(9), '03'],
  ['new_connection_id', body(10), `${sized(2, sized(1, '0102') + sized(1, ''))}01`],
  ['a message of an older version', body(12), '0300170401020304'],
  ['ack', ack, sized(2, '0000000000000002 0000000000000000 0000000000000003 0000ffffffffffff')],
  ['an empty ack', ack, '0000'],
  ['inner plaintext', innerPlaintext, '16'],
  ['padded inner plaintext', innerPlaintext, '0100 00 15 000000'],
  ['records of all kinds', anyDatagram(2), mixedHex().join('')],
  ['a record with neither length nor connection ID', anyDatagram(), `21aa${repeated(20, 'e5')}`],
];

/** A plaintext record, ciphertexts in several forms, a record of DTLS 1.2 with connection ID, and one without a length. */
export function mixedHex(): string[] {
  return [
    '16fefd000000000000000900020e00',
    `2e1234 0011 ${repeated(17, 'c1')}`,
    `34 abcd 77 0012 ${repeated(18, 'c2')}`,
    `3f abcd 5678 0010 ${repeated(16, 'c3')}`,
    `19 fefd 0001 000000000007 abcd 0003 d1d2d3`,
    '15fefd0001000000000001000401020304',
    `23 99 ${repeated(30, 'c4')}`,
  ].map((text) => text.replace(/\s/g, ''));
}

/** What NSS sent, and what was made by hand. */
export const samples13 = (): readonly Sample[] => {
  made ??= makeSamples();
  return made;
};
let made: readonly Sample[] | undefined;

function makeSamples(): Sample[] {
  const real = recordings.flatMap((recording): Sample[] => {
    const { messages, opened, suite, datagrams } = readRecording(recording, nodeProvider);
    const inner = opened.flatMap(({ record }) => (record ? [record] : []));
    return [
      ...messages.map(({ from, seq, type, body: bytes }) => ({
        name: `${handshakeTypeName(type)} ${seq} of the ${from} in ${recording}`,
        codec: body(type, suite.hash),
        bytes,
      })),
      ...inner.map((record, i) => ({
        name: `inner plaintext ${i} in ${recording}`,
        codec: innerPlaintext,
        bytes: record.inner,
      })),
      ...inner.flatMap(({ type, content }, i) =>
        type === 26 ? [{ name: `ack in ${i} in ${recording}`, codec: ack, bytes: content }] : [],
      ),
      ...datagrams.map(({ bytes }, i) => ({ name: `datagram ${i} in ${recording}`, codec: anyDatagram(0), bytes })),
    ];
  });
  return [...real, ...handmade.map(([name, codec, text]) => ({ name, codec, bytes: hex(text) }))];
}
