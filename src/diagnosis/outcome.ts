/** The outcome of a handshake: the first of the closed set that holds, in its order (`outcomes`). */
import type { Handshake, RecordView } from '../analysis/model.ts';
import type { Outcome } from './model.ts';
import { iceFailure } from './path.ts';
import { isQuietPath, storyOf, wasHeard } from './story.ts';

export function outcomeOf(handshake: Handshake): Outcome {
  const story = storyOf(handshake);
  const { establishedAt, end, failures } = handshake;
  if (!isReadable(handshake)) return 'unreadable';
  // Who stops a run after it has completed, while it lingers, does not undo it.
  if (establishedAt === undefined && end && end.how !== 'done') return end.how;
  if (story.mismatch || failures.some(({ failure }) => failure.code === 'fingerprint-mismatch'))
    return 'fingerprint-mismatch';
  if (story.fatal) return story.fatal.from === story.us ? 'alert-sent' : 'alert-received';
  if (establishedAt !== undefined) return 'established';
  if (handshake.refused.length > 0) return 'refused';
  if (iceFailure(handshake)) return 'no-ice';
  if (failures.some(({ failure }) => failure.code === 'unsupported' || failure.fault === 'local')) return 'unsupported';
  if (isQuietPath(handshake)) return 'no-answer';
  if (story.stop.kind === 'cut') return 'truncated';
  if (!story.stalled) return 'incomplete-capture';
  if (!wasHeard(handshake, story.them)) return 'no-answer';
  return misses(handshake) ? 'incomplete-capture' : 'stalled';
}

/** Whether the capture itself shows that it does not hold all: one direction only, or no beginning. */
export function misses(handshake: Handshake): boolean {
  if (handshake.ours.length > 0) return false;
  const oneSided = handshake.traffic.client.datagrams === 0;
  const began = handshake.flights.some(({ messages }) => messages[0] === 'client_hello');
  return oneSided || (!began && handshake.retransmissions.client + handshake.retransmissions.server === 0);
}

const isReadable = ({ datagrams }: Handshake): boolean =>
  datagrams.length === 0 ||
  datagrams.some(
    ({ records, leftover }) => records.some(saysSomething) || (leftover && leftover.reason !== 'not-dtls'),
  );

const saysSomething = ({ protection, fragments, alert, type, unread }: RecordView): boolean =>
  protection !== 'plain' || fragments.length > 0 || alert !== undefined || (!unread && type !== 22);
