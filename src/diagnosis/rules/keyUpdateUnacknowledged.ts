import { keyUpdatesOf } from '../keyUpdates.ts';
import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';
import { capitalised, duration, otherSide, times } from '../words.ts';

export const keyUpdateUnacknowledged = rule(
  {
    id: 'key-update-unacknowledged',
    title: 'A KeyUpdate is never acknowledged',
    signature:
      'DTLS 1.3, with keys: a KeyUpdate is sent again, and no ACK that reached the trace lists any of its records.',
    doc: {
      why: 'Who sends a KeyUpdate may not use its new keys before that is acknowledged. A peer that never acknowledges it keeps the association on the old keys until it is given up: a stack without KeyUpdate, or one that takes no handshake message after the handshake.',
      fix: 'Let the stack acknowledge every KeyUpdate, also one that comes again; until then leave KeyUpdate out, or DTLS 1.3 off at one side.',
    },
    see: 'RFC 9147 §8',
  },
  (handshake) =>
    keyUpdatesOf(handshake).flatMap(({ message, sent, acknowledged }) => {
      const last = sent.at(-1);
      if (acknowledged || message.sendings < 2 || !last) return [];
      const arrived = sent.filter(({ delivered }) => delivered !== false);
      // What the link took from the one or the other tells nothing about the peer.
      if (arrived.length === 0) return [];
      const other = otherSide(message.from);
      const lost = handshake.datagrams.some(
        ({ from, at, delivered }) => from === other && delivered === false && at >= message.firstAt,
      );
      if (lost && !handshake.steps.some(({ result }) => result?.kind === 'unacknowledged')) return [];
      return [
        {
          severity: 'warning' as const,
          why: `${capitalised(`the ${message.from}`)}'s KeyUpdate was sent ${times(message.sendings)} in ${duration(last.at - message.firstAt)}, and the ${other} acknowledged none of it${lost ? ' in an ACK that arrived' : ''}. The ${message.from} stays on its old keys, and gives the association up when it runs out of patience.`,
          fix: `Let the ${other} acknowledge KeyUpdates (RFC 9147 §5.8.4 and §8), those that come again too; until then do not ask it for new keys, or limit one side to DTLS 1.2.`,
          evidence: evidenceOf(sent),
        },
      ];
    }),
);
