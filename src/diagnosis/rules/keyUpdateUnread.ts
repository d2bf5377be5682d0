import { fellSilent, keyUpdatesOf, unreadOf } from '../keyUpdates.ts';
import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';
import { count, otherSide } from '../words.ts';

export const keyUpdateUnread = rule(
  {
    id: 'key-update-unread',
    title: 'What comes under the keys of a KeyUpdate is not read',
    signature:
      'DTLS 1.3, with keys: a KeyUpdate is acknowledged, and records of the next epoch are dropped by the other side, where that tells of itself; or echoes came before it and several did not after.',
    doc: {
      why: 'The peer has acknowledged the KeyUpdate and then can open nothing in the new epoch: it keeps its old keys, derives others, or takes the two low bits of the epoch for all of it. Both sides are up, and nothing gets through any more.',
      fix: 'Let the receiver derive the next keys when it takes the KeyUpdate ("traffic upd", with the label of DTLS 1.3), count record numbers from 0 in the new epoch, and know epochs above 3 by their low bits.',
    },
    see: 'RFC 9147 §8',
  },
  (handshake) =>
    keyUpdatesOf(handshake).flatMap((update) => {
      const { message, sent, acknowledged, under } = update;
      if (!acknowledged) return [];
      const other = otherSide(message.from);
      const unread = unreadOf(handshake, update);
      const silent = !handshake.ours.includes(other) && fellSilent(handshake, update);
      if (unread.length === 0 && !silent) return [];
      return [
        {
          severity: 'warning' as const,
          why: `The ${other} acknowledged the KeyUpdate of the ${message.from}. ${
            silent
              ? `Of what came under the new keys (${count(under.length, 'datagram')}) it answered nothing, where it had sent back what came before.`
              : `It could not open ${unread.length === under.length ? 'any' : String(unread.length)} of the ${count(under.length, 'datagram')} that came under the new keys.`
          }`,
          fix: `Let the ${other} derive the next keys when it takes a KeyUpdate (RFC 8446 §7.2 with the labels of RFC 9147 §5.9), number records from 0 in the new epoch, and read epochs above 3 by their two low bits (RFC 9147 §4.2.2).`,
          evidence: evidenceOf([...sent, ...(unread.length > 0 ? unread : under)]),
        },
      ];
    }),
);
