import type { DatagramView, Handshake, RecordView } from '../../analysis/model.ts';
import { plainMessages } from '../lookups.ts';
import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';
import { count } from '../words.ts';

const dtls13 = 0xfefc;
/** "DOWNGRD" and 1 at the end of ServerHello.random: the server knows DTLS 1.3 (RFC 8446 §4.1.3). */
const downgrade = [0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01];
/** Extension type of supported_versions. */
const supportedVersions = 43;

export const versionFromFirstFragment = rule(
  {
    id: 'version-from-first-fragment',
    title: 'The version may have been chosen by the first fragment of the ClientHello',
    signature:
      'The ClientHello offers DTLS 1.3 in a part that its first fragment does not hold, and the server chooses DTLS 1.2.',
    doc: {
      why: 'A server that looks at the first datagram alone does not see that DTLS 1.3 is offered, when the extension that says so stands in a later fragment. The handshake goes on in DTLS 1.2, and nobody is told.',
      fix: 'Put the ClientHello together before choosing (algesten/dimpl#87, #88). To tell it from a server that knows DTLS 1.2 alone, offer 1.3 in a ClientHello that fits one datagram.',
    },
    see: 'RFC 8446 §4.2.1',
  },
  (handshake) => {
    const { version, offer } = handshake.parameters;
    if (version !== '1.2' || !offer?.versions.includes(dtls13)) return undefined;
    const first = firstFragments(handshake);
    const place = placeOfVersions(handshake);
    if (first.length === 0 || place === undefined) return undefined;
    const seen = Math.max(...first.map(({ length }) => length));
    if (place <= seen) return undefined;
    const random = plainMessages(handshake, 'server_hello')[0]?.body.subarray(2, 34) ?? new Uint8Array(0);
    const knows = downgrade.every((byte, i) => random[24 + i] === byte);
    const datagrams = first.map(({ datagram }) => datagram);
    return {
      severity: knows ? 'warning' : 'info',
      why: `The client offers DTLS 1.3, but the extension that says so ends at byte ${place} of its ClientHello, and the first fragment holds ${count(seen, 'byte')}. The server chose DTLS 1.2: ${
        knows
          ? 'it knows DTLS 1.3, as its random says, so it decided by the first fragment or was told not to use it.'
          : 'it knows nothing newer, or it decided by the first fragment; from here the two look the same.'
      }`,
      fix: 'Offer DTLS 1.3 in a ClientHello of one datagram (without a post-quantum key share, or with a larger MTU). If the server takes it then, it must put fragments together before it chooses (algesten/dimpl#87).',
      evidence: evidenceOf(datagrams),
    };
  },
);

interface First {
  readonly datagram: DatagramView;
  readonly length: number;
}

/** The first fragment of each sending of a ClientHello that needs several. */
const firstFragments = ({ datagrams }: Handshake): readonly First[] =>
  datagrams.flatMap((datagram) =>
    datagram.records.flatMap(({ fragments }: RecordView) =>
      fragments
        .filter(({ name, offset, length, total }) => name === 'client_hello' && offset === 0 && length < total)
        .map(({ length }) => ({ datagram, length })),
    ),
  );

/** Where supported_versions ends in the newest ClientHello. */
function placeOfVersions({ messages }: Handshake): number | undefined {
  const hello = messages.findLast(({ name, complete }) => name === 'client_hello' && complete);
  if (!hello) return undefined;
  const { body } = hello;
  const u8 = (at: number): number => body[at] ?? 0;
  const u16 = (at: number): number => u8(at) * 256 + u8(at + 1);
  // client_version, random; then session_id, cookie, cipher_suites, compression_methods (RFC 6347 §4.3.2).
  let at = 34;
  at += 1 + u8(at);
  at += 1 + u8(at);
  at += 2 + u16(at);
  at += 1 + u8(at);
  for (at += 2; at + 4 <= body.length; at += 4 + u16(at + 2))
    if (u16(at) === supportedVersions) return at + 4 + u16(at + 2);
  return undefined;
}
