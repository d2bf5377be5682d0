/** KeyUpdates of DTLS 1.3 as a trace with keys shows them: who sent one, whether it was acknowledged, what went on under it. */
import type { DatagramView, Handshake, MessageView } from '../analysis/model.ts';
import { ContentType } from '../wire/registry.ts';
import { datagramsWith, isAck } from './lookups.ts';
import { otherSide } from './words.ts';

export interface KeyUpdateSeen {
  readonly message: MessageView;
  /** The datagrams of all its sendings. */
  readonly sent: readonly DatagramView[];
  readonly acknowledged: boolean;
  /** What the same side sent under the next keys, and arrived as far as the trace knows. */
  readonly under: readonly DatagramView[];
}

/** Every KeyUpdate that could be read, in the order of its first sending. */
export function keyUpdatesOf(handshake: Handshake): readonly KeyUpdateSeen[] {
  return handshake.messages
    .filter(({ name }) => name === 'key_update')
    .map((message) => {
      const sent = datagramsWith(handshake, message.key);
      const epoch = Math.max(
        ...sent.flatMap(({ records }) =>
          records.filter(({ fragments }) => fragments.length > 0).map((record) => record.epoch),
        ),
      );
      return {
        message,
        sent,
        acknowledged: message.acknowledged.some(([start, end]) => start === 0 && end >= message.total),
        under: handshake.datagrams.filter(
          ({ from, delivered, records }) =>
            from === message.from && delivered !== false && records.some((record) => record.epoch === epoch + 1),
        ),
      };
    });
}

/** What our own end of the other side could not read of it. */
export const unreadOf = ({ drops }: Handshake, { message, under }: KeyUpdateSeen): readonly DatagramView[] =>
  under.filter(({ packet }) =>
    drops.some(
      (drop) => drop.packet === packet && drop.actor === otherSide(message.from) && unreadable.includes(drop.reason),
    ),
  );
const unreadable: readonly string[] = ['unknown-epoch', 'bad-mac'];

/**
 * Whether echoes came before a KeyUpdate of ours and none behind it, nor anything else that the other side would only say to
 * what it could read. One echo may be lost by chance.
 */
export function fellSilent(handshake: Handshake, { message, under }: KeyUpdateSeen): boolean {
  const [first] = under;
  if (!first) return false;
  const echoed = handshake.steps.some(({ result, endedAt = 0 }) => result?.kind === 'echoed' && endedAt <= first.at);
  const unechoed = handshake.steps.filter(({ result, beganAt }) => result?.kind === 'no-echo' && beganAt >= first.at);
  const heard = handshake.datagrams.some(
    ({ from, at, records }) =>
      from !== message.from &&
      at > first.at &&
      records.some((one) => one.contentType === ContentType.applicationData || isAck(one)),
  );
  return echoed && unechoed.length > 1 && !heard;
}
