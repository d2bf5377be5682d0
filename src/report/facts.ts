/** The facts of a handshake as lines of a report: how it got to the peer, what was agreed, what each side sent, and what was lost. */
import type { CertificateView, Handshake } from '../analysis/model.ts';
import { guessPeers, type PeerGuess } from '../analysis/peers.ts';
import { stepText } from '../diagnosis/steps.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { agreedNames, alertNames, duration, partText, plural } from './names.ts';
import { type PathLine, pathLines } from './path.ts';
import { stunSummary } from './stun.ts';

/** A fact's name and its text. */
export type FactLine = PathLine;

/** Losses, and alerts, that are listed one by one. */
const mostFacts = 20;

/** What was agreed, sent, lost and given away, in the order of interest. Text as it came: whoever shows it makes it plain. */
export function factLines(handshake: Handshake): readonly FactLine[] {
  const { parameters, traffic, inferred } = handshake;
  const names = agreedNames(parameters);
  const lines: FactLine[] = [];
  const part = (name: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') lines.push([name, text]);
  };
  const master = { true: 'extended master secret', false: 'no extended master secret', undefined: undefined };
  const version = names.version === undefined ? undefined : `DTLS ${names.version}`;
  const known = [
    version,
    names.cipherSuite,
    names.group,
    names.signature,
    parameters.psk ? 'pre-shared key' : undefined,
    parameters.resumed ? 'a session resumed' : undefined,
    master[`${parameters.extendedMasterSecret}`],
  ];
  const peers = guessPeers(handshake);
  for (const [name, text] of pathLines(handshake)) part(name, text);
  part('STUN', stunSummary(handshake));
  part('agreed', known.filter((item) => item !== undefined).join(', '));
  part('cookie', parameters.cookie ? 'asked for by the server' : undefined);
  part('SRTP', names.srtpProfile);
  part('ALPN', names.alpn);
  for (const actor of ['client', 'server'] as const) {
    const { datagrams, bytes, largest } = traffic[actor];
    const again = handshake.retransmissions[actor];
    const resent = again === 0 ? '' : `, ${plural(again, 'retransmission')}`;
    part(actor, `${plural(datagrams, 'datagram')}, ${bytes} B, largest ${largest} B${resent}`);
    for (const certificate of handshake.certificates[actor]) part('certificate', certificateText(certificate));
    part('made by', peerText(peers[actor]));
  }
  for (const step of handshake.steps.slice(0, mostFacts)) part('step', stepText(step));
  if (handshake.steps.length > mostFacts) part('', `and ${handshake.steps.length - mostFacts} more steps`);
  for (const { of, hash, value, matches } of handshake.fingerprints) {
    const result = matches === undefined ? 'not checked' : matches ? 'matches' : 'does NOT match';
    const hex = Array.from(value.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(':');
    part(
      'fingerprint',
      `announced for the ${of}: ${hash} ${hex}${value.length > 8 ? '…' : ''}, ${result} its certificate`,
    );
  }
  for (const { from, message, messageKey, bytes, recoveredAt } of handshake.lost.slice(0, mostFacts)) {
    const total = handshake.messages.find(({ key }) => key === messageKey)?.total;
    const what = partText(handshakeTypeName(message), bytes, total);
    const later = recoveredAt === undefined ? 'never came' : `came at ${duration(recoveredAt - handshake.startedAt)}`;
    part('lost', `${what} from the ${from}, ${later}`);
  }
  if (handshake.lost.length > mostFacts) part('', `and ${handshake.lost.length - mostFacts} more losses`);
  for (const alert of handshake.alerts.slice(0, mostFacts)) {
    const named = alertNames(alert);
    const what = named ? `${named.level} ${named.description}` : 'encrypted, not readable without keys';
    part('alert', `${alert.from}: ${what}${alert.afterMessage === undefined ? '' : `, after ${alert.afterMessage}`}`);
  }
  if (handshake.alerts.length > mostFacts) part('', `and ${handshake.alerts.length - mostFacts} more alerts`);
  for (const [name, text] of captureLines(handshake)) part(name, text);
  part('keys', keysText(handshake));
  part('inferred', inferred.join(', '));
  return lines;
}

/** Which stack a side is, as a hint with its reasons. */
export const peerText = (guess: PeerGuess | undefined): string | undefined =>
  guess && `${guess.sure} ${guess.stacks.join(' or ')}: ${guess.reasons.join('; ')}`;

/** What a capture shows beside the handshake itself. */
function captureLines({ moves, estimates, sctp, traffic, refused, startedAt, datagrams }: Handshake): FactLine[] {
  const { roundTrip, rate, vantage } = estimates;
  const after = (at: number): string => `at ${duration(at - startedAt)}`;
  const media = (['client', 'server'] as const)
    .filter((actor) => traffic[actor].media > 0)
    .map((actor) => `${plural(traffic[actor].media, 'media packet')} from the ${actor}`);
  const trips = (['client', 'server'] as const).flatMap((actor) => {
    const trip = roundTrip[actor];
    return trip ? [`${actor} ${duration(trip.ms)} (${trip.by})`] : [];
  });
  // Where two recordings were put together, when a datagram came is known as well.
  const seenFrom = datagrams.some(({ deliveredAt }) => deliveredAt !== undefined) ? 'the other side' : 'the capture';
  return [
    ...moves
      .slice(0, mostFacts)
      .map(
        ({ at, client, server, by }): FactLine => [
          'moved',
          `${after(at)} to ${client} and ${server}, known by its ${by === 'ICE' ? 'ICE session' : by}`,
        ],
      ),
    ...refused.slice(0, mostFacts).map(({ at, by, why }): FactLine => ['refused', `${after(at)} by ${by}: ${why}`]),
    ['afterwards', [...media, ...(sctp.length > 0 ? [`SCTP (${sctp.join(', ')})`] : [])].join(', ')],
    ['answers in', trips.length === 0 || vantage ? '' : `${trips.join(', ')}, at most, seen from ${seenFrom}`],
    ['rate', rate ? `about ${rateText(rate.bitsPerSecond)} from the ${rate.from}, estimated from its flights` : ''],
    ['captured at', vantage ? `${vantagePlace[vantage.at]}: ${vantage.why} (a guess)` : ''],
  ];
}

const vantagePlace = {
  client: 'the client, or near it',
  server: 'the server, or near it',
  between: 'a place between them',
  'one machine': 'the machine of both',
} as const;

const rateText = (bits: number): string =>
  bits < 1e6 ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1e6).toFixed(1)} Mbit/s`;

/** Whose records the keys opened, where it is not all or nothing. */
function openedText({ client, server }: Handshake['opened']): string {
  const sideText = (side: 'client' | 'server', { opened, closed }: Handshake['opened']['client']): string[] => {
    if (opened + closed === 0) return [];
    if (opened === 0) return [`none of the ${side}'s ${closed} protected records`];
    return [closed === 0 ? `all of the ${side}'s` : `${opened} of the ${side}'s ${opened + closed}`];
  };
  if (client.closed + server.closed === 0) return 'records decrypted';
  return `they open ${[...sideText('client', client), ...sideText('server', server)].join(', and ')}`;
}

/** What the keys at hand did, and which are needed to read the rest. */
function keysText({ keys, missingSecrets, opened }: Handshake): string | undefined {
  const labels = missingSecrets.join(', ');
  const had = {
    none: undefined,
    decrypts: `known, ${openedText(opened)}`,
    wrong: 'given, but they open nothing',
    unused: labels === '' ? 'known, nothing to open' : 'known, but not those that are needed',
  }[keys];
  const needed =
    labels === '' ? undefined : `give a key log with ${labels} to read ${had ? 'what stayed closed' : 'the rest'}`;
  return had && needed ? `${had}; ${needed}` : (had ?? needed);
}

function certificateText({ subject, key, bytes, notBefore, notAfter, sha256 }: CertificateView): string {
  const day = (iso: string): string => iso.slice(0, 10);
  const validity =
    notBefore === undefined || notAfter === undefined ? undefined : `${day(notBefore)} to ${day(notAfter)}`;
  const items = [subject, key, `${bytes} B`, validity, `sha-256 ${sha256.slice(0, 16)}…`];
  return items.filter((item) => item !== undefined && item !== '').join(', ');
}
