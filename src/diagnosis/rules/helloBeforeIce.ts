import { rule } from '../model.ts';
import { strangersDtls, stunBetween } from '../path.ts';
import { evidenceOf } from '../story.ts';
import { capitalised, count, duration } from '../words.ts';

export const helloBeforeIce = rule(
  {
    id: 'hello-before-ice',
    title: 'DTLS began before ICE had proved the path',
    signature:
      'A ClientHello goes between two addresses before any ICE check between them was answered, though checks are seen.',
    doc: {
      why: 'A peer must not take DTLS from an address that no ICE check has proved, so a ClientHello that comes early is dropped, and costs a retransmission timer.',
      fix: 'Send the ClientHello when ICE has a pair that works (its first answered check), not when signalling is done.',
    },
    see: 'RFC 8842 §5.1, RFC 8445 §12',
  },
  (handshake) => {
    const dropped = strangersDtls(handshake).early.length;
    const stun = stunBetween(handshake);
    const provedAt = stun.find(({ class: cls, answers }) => cls === 'success' && answers !== undefined)?.at;
    const early = handshake.datagrams.filter(
      ({ at, records }) =>
        at < (provedAt ?? Number.POSITIVE_INFINITY) &&
        records.some(({ fragments }) => fragments.some(({ name }) => name === 'client_hello')),
    );
    const [first] = early;
    const seen = first !== undefined && stun.some(({ class: cls }) => cls === 'request');
    if (!seen && dropped === 0) return undefined;
    const when =
      provedAt === undefined || !first ? 'and no check was ever answered' : `${duration(provedAt - first.at)} before`;
    return {
      severity: 'warning',
      why: seen
        ? `${capitalised(count(early.length, 'datagram'))} of the ClientHello went out ${provedAt === undefined ? 'while ICE checks were under way, ' : ''}${when}${provedAt === undefined ? '' : ' the first ICE check between these addresses was answered'}: a peer that follows the rules drops it, and the next one comes only when a timer has run out.`
        : `${capitalised(count(dropped, 'datagram'))} of DTLS came from addresses that no ICE check had proved, and ${dropped === 1 ? 'was' : 'were'} dropped.`,
      fix: 'Let the DTLS client wait for ICE: it may begin with the first pair whose check was answered.',
      evidence: seen ? evidenceOf(early) : [],
    };
  },
);
