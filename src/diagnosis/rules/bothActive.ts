import { rule } from '../model.ts';
import { rolesResult } from '../path.ts';
import { bothBegan, evidenceOf } from '../story.ts';

export const bothActive = rule(
  {
    id: 'both-active',
    title: 'Both sides begin as DTLS clients',
    signature: 'A ClientHello comes from either side of one association.',
    doc: {
      why: 'Exactly one side may send the ClientHello. When both do, each gets a message that no client expects, and ends with unexpected_message or falls silent.',
      fix: 'Take the DTLS role from one place: what a=setup of the answer settles, on both sides.',
    },
    see: 'RFC 8842 §5.3, RFC 5763 §5',
  },
  (handshake) => {
    const hellos = bothBegan(handshake);
    if (!hellos) return undefined;
    const said =
      rolesResult(handshake) === 'both-active'
        ? 'Offer and answer both say a=setup:active. '
        : rolesResult(handshake) === 'decided'
          ? 'Signalling settled who is the client, and the other side acts as one as well. '
          : '';
    return {
      severity: 'error',
      why: `${said}${handshake.client} and ${handshake.server} both sent a ClientHello: neither can take what it gets.`,
      fix: 'See which side acts against its a=setup. Role advertised and role acted must come from one source; after an ICE restart or a re-offer the role stays what it was.',
      evidence: evidenceOf(hellos),
    };
  },
);
