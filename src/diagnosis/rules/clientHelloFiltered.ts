import type { Handshake, StunView } from '../../analysis/model.ts';
import type { TraceTime } from '../../trace/model.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, isSplit, sendings, storyOf, wasHeard } from '../story.ts';
import { count, duration, times } from '../words.ts';

export const clientHelloFiltered = rule(
  {
    id: 'client-hello-filtered',
    title: 'STUN gets through, and no ClientHello is answered',
    signature:
      'A ClientHello in one datagram is sent again and no DTLS ever comes back, while STUN requests of the client to the same address are answered in the meantime.',
    doc: {
      why: 'The path carries UDP both ways, so address and port are right and the firewall is open. Then either nobody does DTLS behind that port (or both wait), or something on the way drops the ClientHello by its looks: censors and some firewalls match lists of suites and extensions, and HelloVerifyRequest. Users met it in pojntfx/weron#5, pion/webrtc#2407 and webrtc-rs/webrtc#814.',
      fix: 'Look first whether the server sees the ClientHello. When it does not, send another one: a browser’s in place of a library’s (`--as`), other suites, no cookie at the server. When one passes and the other one does not, it is the path.',
    },
    see: 'RFC 7983 §7',
  },
  (handshake) => {
    const { stop, stalled } = storyOf(handshake);
    if (!stalled || stop.kind !== 'silence' || stop.who !== 'server' || wasHeard(handshake, 'server')) return undefined;
    const { flight } = stop;
    // A hello in pieces has a likelier reason.
    if (flight?.messages[0] !== 'client_hello' || sendings(flight) < 2 || isSplit(handshake, flight)) return undefined;
    const answered = answeredBetween(handshake, flight.sentAt, flight.resentAt.at(-1) ?? flight.sentAt);
    const last = answered.at(-1);
    if (!last) return undefined;
    return {
      severity: 'info',
      why: `The ClientHello was sent ${times(sendings(flight))} without any answer, while ${count(answered.length, 'STUN request')} of the client to the same address ${answered.length === 1 ? 'was' : 'were'} answered, the last ${duration(last.at - flight.sentAt)} after the first ClientHello. So the path carries UDP both ways: either nothing does DTLS behind that port, or something on the way drops the ClientHello by its looks (its suites and extensions, as some censors and firewalls do).`,
      fix: "See whether the server's log or a capture there shows the ClientHello. If not, try one with another look: `--as` another browser, other suites, no cookie at the server (pion: SkipHelloVerify). If one passes and another does not, it is the path.",
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);

/** STUN requests of the client that were answered while it repeated its ClientHello. */
const answeredBetween = ({ stun, client }: Handshake, since: TraceTime, until: TraceTime): readonly StunView[] =>
  stun.filter(
    ({ src, class: kind, answeredBy, at }) =>
      src === client && kind === 'request' && answeredBy !== undefined && at >= since && at < until,
  );
