import { packedRecords } from '../causes.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, flightText, otherSide } from '../words.ts';

export const severalMessagesInRecord = rule(
  {
    id: 'several-messages-in-record',
    title: 'Only the first message of a record is read',
    signature:
      'A flight reaches its receiver whole, one of its records holds several handshake messages, and the receiver never gets past it.',
    doc: {
      why: 'A record may hold several handshake messages. Some parsers stop after the first one, and wait for the rest for ever.',
      fix: 'Read on to the end of the record (algesten/dimpl#36; BoringSSL until its bug 378742138). Until then let the sender put each message into a record of its own.',
    },
    see: 'RFC 9147 §5.5',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'messages') return undefined;
    const { flight } = stop;
    const packed = packedRecords(handshake, flight);
    const most = Math.max(
      ...packed.flatMap(({ records }) =>
        records.map(({ fragments }) => new Set(fragments.map(({ messageKey }) => messageKey)).size),
      ),
    );
    const receiver = otherSide(flight.from);
    return {
      severity: 'error',
      why: `${capitalised(flightText(flight))} reached the ${receiver} whole, with up to ${count(most, 'message')} in one record, and the ${receiver} did not get past it. A parser that stops after the first message of a record does just this.`,
      fix: `Let the ${receiver} read records to their end (algesten/dimpl#36). To see whether it is that, let the ${flight.from} put each message into a record of its own.`,
      evidence: evidenceOf(packed),
    };
  },
);
