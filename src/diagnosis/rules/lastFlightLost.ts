import type { DatagramView, FlightView, Handshake, RecordView } from '../../analysis/model.ts';
import type { TraceTime } from '../../trace/model.ts';
import { rule, type Says } from '../model.ts';
import { datagramsOf, evidenceOf, isAck, type Stop, storyOf } from '../story.ts';
import { capitalised, count, duration, flightText, times } from '../words.ts';

export const lastFlightLost = rule(
  {
    id: 'last-flight-lost',
    title: 'The last flight is repeated though it arrived',
    signature:
      'DTLS 1.2: the client repeats its last flight, and the server, which has sent its own or sends SRTP already, does not answer. DTLS 1.3: the client sends its Finished again although the server has taken it (it sends in epoch 3), because no ACK of it comes through.',
    doc: {
      why: 'The client does not know that its Finished arrived. Until the last flight of the server comes (DTLS 1.2) or an ACK (1.3) it goes on repeating, and gives up in the end. Users met it in lynckia/licode#1887, pion/dtls#479, sipwise/rtpengine#1796 and Mbed-TLS/mbedtls#9911; with DTLS 1.3 in openssl/openssl#32891 and wolfSSL/wolfssl#8882.',
      fix: 'A server must answer a repeated last flight with its own once more (1.2) or with another ACK (1.3), and keep what it needs for that for twice the maximum segment lifetime.',
    },
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind === 'last-flight') return forgotten(handshake, stop);
    const { establishedAt, parameters } = handshake;
    if (parameters.version !== '1.3' || establishedAt === undefined) return undefined;
    const flight = lastFlight(handshake);
    const again = flight?.resentAt.filter((at) => at > establishedAt + crossingMs(handshake, flight)) ?? [];
    const last = again.at(-1);
    if (!flight || last === undefined) return undefined;
    const acks = handshake.datagrams.filter(
      ({ from, at, records }) => from === 'server' && at >= establishedAt && records.some(acknowledgesFinished),
    );
    const unanswered = again.filter((at) => !answered(acks, at));
    // Once is what one lost ACK costs, or one lost repetition.
    if (again.length < 2 || (unanswered.length > 0 && unanswered.length < again.length)) return undefined;
    const span = duration(last - flight.sentAt);
    return {
      severity: 'warning',
      why: `${capitalised(flightText(flight))} was sent ${times(1 + flight.resentAt.length)} in ${span}, the server having taken it after ${duration(establishedAt - flight.sentAt)}. ${
        unanswered.length === 0
          ? `The server acknowledged it ${times(acks.length)}; the ACKs do not arrive.`
          : `${capitalised(count(unanswered.length, 'repetition'))} got no ACK: the server threw the keys of epoch 2 away, or its ACKs are lost.`
      }`,
      fix: 'A server must answer a repeated last flight with another ACK, and keep what it needs for that for twice the maximum segment lifetime. Until the ACK comes the client goes on repeating, and some give up.',
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);

/** DTLS 1.2: the server has thrown its last flight away. */
const forgotten = (
  handshake: Handshake,
  { flight, unanswered, media }: Extract<Stop, { readonly kind: 'last-flight' }>,
): Says => ({
  severity: 'error',
  why: `${capitalised(flightText(flight))} was sent ${times(1 + flight.resentAt.length)}. The server was done after the first${
    media ? ' and sends SRTP already' : ''
  }, and left ${count(unanswered, 'repetition')} without an answer: its own last flight was lost on the way, and it does not send that again.`,
  fix: 'Let the server answer each repetition of the client’s last flight with its own once more, for twice the maximum segment lifetime (licode, pion/dtls#479, sipwise/rtpengine#1796, Mbed-TLS/mbedtls#9911).',
  evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
});

/** A repetition that left before the ACK can have arrived crossed it on the way: the way there and back, as seen here. */
function crossingMs({ flights }: Handshake, { number, sentAt }: FlightView): number {
  const before = flights.findLast((flight) => flight.number < number && flight.from === 'server');
  return Math.max(
    leastCrossingMs,
    2 * (sentAt - (before?.resentAt.findLast((at) => at <= sentAt) ?? before?.sentAt ?? sentAt)),
  );
}
const leastCrossingMs = 100;

const lastFlight = ({ flights, finished }: Handshake): FlightView | undefined =>
  finished.client &&
  flights.findLast(
    ({ from, messages }) => from === 'client' && (messages.includes('finished') || messages.includes('encrypted')),
  );

const acknowledgesFinished = (record: RecordView): boolean =>
  record.ack ? record.ack.some(({ fragments }) => fragments.some(({ name }) => name === 'finished')) : isAck(record);

/** Whether an ACK left before the next repetition can have been due. */
const answered = (acks: readonly DatagramView[], at: TraceTime): boolean =>
  acks.some((ack) => ack.at >= at && ack.at <= at + answerMs);
const answerMs = 1000;
