import { rule } from '../model.ts';
import { rolesResult, stunEvidence } from '../path.ts';
import { bothWaited, isQuietPath } from '../story.ts';

export const bothPassive = rule(
  {
    id: 'both-passive',
    title: 'Both sides wait for the other to begin',
    signature:
      'Offer and answer both say setup:passive; or both ends are ours and neither begins; or a capture shows ICE checks that are answered, and no ClientHello from either side.',
    doc: {
      why: 'DTLS begins with a ClientHello of the active side. When both sides take themselves for passive, ICE works, STUN goes on, and no DTLS record is ever sent.',
      fix: 'Let exactly one side be active: an answer to actpass chooses active or passive, and each side does what its a=setup says.',
    },
    see: 'RFC 8842 §5.3, RFC 4145 §4',
  },
  (handshake) => {
    const told = rolesResult(handshake) === 'both-passive';
    const began = handshake.flights.some(({ messages }) => messages[0] === 'client_hello');
    const waited = bothWaited(handshake);
    if (began || !(told || waited || isQuietPath(handshake))) return undefined;
    return {
      severity: 'error',
      why: told
        ? 'Offer and answer both say a=setup:passive, so each side waits for the other’s ClientHello, and none comes.'
        : waited
          ? 'Both ends wait for a ClientHello, as servers do, and neither sends one.'
          : `ICE checks between ${handshake.client} and ${handshake.server} are answered, and neither side ever sends a ClientHello: most likely both take themselves for the DTLS server. What a=setup said is not in a capture.`,
      fix: 'Compare a=setup of offer and answer with what each side does. The answer to actpass must say active or passive, and one side has to be active; a side that answers passive to passive is wrong.',
      evidence: stunEvidence(handshake.stun),
    };
  },
);
