/** Checks of what a peer does with records that it should ignore (RFC 6347 §4.1.2.7, RFC 9147 §4.5.2). */
import { fromHex } from '../../base/bytes.ts';
import { alertName } from '../../wire/registry.ts';
import type { Crafted } from '../hand.ts';
import { beforeOurFlight, isProtected, plainRecord, protectedRecords, spoiledRecords } from './crafting.ts';
import type { Check, Lab, Made, Verdict } from './model.ts';
import { errorsOf, fail, handshakeOf, notApplicable, pass, sentBy, unclear, verdictOf } from './verdicts.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
const trial = { handshakes: 1, datagrams: 40, seconds: 5 } as const;
/** Between our last flight and its copy. ms */
const replayMs = 150;

/** What no keys and no state are needed to know for wrong. */
const senseless: readonly Uint8Array[] = [
  // A datagram that ends within a header, and a record that ends within its length.
  bytes('16fefd00'),
  bytes('16fefd00000000000000ff00400102'),
  // A version that is none of DTLS.
  plainRecord(22, 250, bytes('0100000400000000000000040000'), { version: 0x0303 }),
  // An epoch that is not there yet.
  plainRecord(22, 3, bytes('aabbccddeeff00112233445566778899aabbccddeeff0011'), { epoch: 7 }),
  // A record without anything in it.
  plainRecord(23, 251, new Uint8Array(0)),
];

/** A Binding request (RFC 8489 §5), and an RTP packet (RFC 3550 §5.1). */
const foreign: readonly Uint8Array[] = [
  bytes('000100002112a4420102030405060708090a0b0c'),
  bytes('806f000100000001deadbeef0102030405060708'),
];

export const recordChecks: readonly Check[] = [
  {
    id: 'invalid-records',
    group: 'records',
    title: 'it drops senseless records in silence',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.2.7, RFC 9147 §4.5.2',
    how: 'before our last flight: cut records, another version, an epoch that is not there, an empty record',
    findings: [],
    cost: trial,
    run: (lab) => before(lab, 'senseless records', senseless),
  },
  {
    id: 'foreign-datagrams',
    group: 'records',
    title: 'it drops what is no DTLS',
    demand: 'MUST',
    see: 'RFC 7983 §7, RFC 5764 §5.1.2',
    how: 'a STUN request and an RTP packet before our last flight',
    findings: ['stun-into-dtls'],
    cost: trial,
    run: (lab) => before(lab, 'STUN and RTP', foreign, ['stun-into-dtls']),
  },
  {
    id: 'bad-mac',
    group: 'records',
    title: 'it drops a record whose MAC is wrong, and takes the right one after it',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.2.7, RFC 9147 §4.5.2',
    how: 'our last flight with one byte wrong in each protected record, and 20 ms later as it should be',
    findings: [],
    cost: trial,
    run: async (lab) => {
      let spoiled = false;
      const made = await lab.try({
        what: 'a wrong MAC',
        hand: {
          outgoing: (datagram, contents) => {
            if (spoiled || !isProtected(datagram)) return [{ bytes: datagram, contents }];
            spoiled = true;
            return [{ bytes: spoiledRecords(datagram) }, { bytes: protectedRecords(datagram), afterMs: 20 }];
          },
        },
      });
      return survived(made);
    },
  },
  {
    id: 'replay',
    group: 'records',
    title: 'it drops a record that it had already',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.2.6, RFC 9147 §4.5.1',
    how: `the protected records of our last flight once more, ${replayMs} ms later, byte for byte`,
    findings: [],
    cost: { handshakes: 1, datagrams: 40, seconds: 6 },
    unless: ({ version }) => (version === '1.3' ? 'DTLS 1.3 answers repetitions with an ACK in any case' : undefined),
    run: replay,
  },
];

async function before(
  lab: Lab,
  what: string,
  datagrams: readonly Uint8Array[],
  telling: readonly string[] = [],
): Promise<Verdict> {
  const made = await lab.try({
    what,
    hand: beforeOurFlight(() => datagrams.map((one): Crafted => ({ bytes: one }))),
  });
  return survived(made, telling);
}

/** The verdict of a trial would explain what the check did on purpose: what counts is what the peer made of it. `telling`: findings that tell it. */
function survived(made: Made, telling: readonly string[] = []): Verdict {
  if (made.established) return pass('the handshake goes on', { shown: [made] });
  const alert = handshakeOf(made)?.alerts.find(({ from }) => from === 'server');
  const says = alert
    ? `it ends the handshake with ${alertName(alert.description)}`
    : 'the handshake does not complete after that';
  const findings = errorsOf(made).filter((id) => telling.includes(id));
  return fail(says, { findings, shown: [made] });
}

async function replay(lab: Lab): Promise<Verdict> {
  if (lab.resultOf('last-flight') === 'fail')
    return notApplicable('it answers no repetition of our last flight, so that nothing would show');
  let replayed = false;
  const made = await lab.try({
    what: 'our last flight once more, byte for byte',
    set: { linger: 500 },
    hand: {
      outgoing: (datagram, contents) => {
        if (replayed || !isProtected(datagram)) return [{ bytes: datagram, contents }];
        replayed = true;
        return [
          { bytes: datagram, contents },
          { bytes: protectedRecords(datagram), afterMs: replayMs },
        ];
      },
    },
  });
  const handshake = handshakeOf(made);
  if (!handshake || handshake.establishedAt === undefined) return unclear(verdictOf(made), { shown: [made] });
  const at = handshake.establishedAt;
  const flights = sentBy(handshake, 'server').filter((one) => one.at > at && one.flight !== undefined);
  const late = flights.filter((one) => one.at > at + replayMs / 2);
  if (flights.length > late.length) return notApplicable('it repeats its last flight in any case');
  return late.length > 0
    ? fail('it answers the copy with its last flight, as if the record were new', { shown: [made] })
    : pass('the copy is not answered', { shown: [made] });
}
