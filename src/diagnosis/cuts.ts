/** Datagrams that end in the middle of a record: cut by the path, or by a sender that goes on in the next datagram. */
import type { DatagramView, Handshake } from '../analysis/model.ts';

/** A datagram that the path cut short. */
export interface Cut {
  readonly datagram: DatagramView;
  /** Where the record that was cut begins, and the bytes that it and its header need. */
  readonly start: number;
  readonly declared: number | undefined;
  /** What was left of the datagram. */
  readonly to: number;
}

/** All cut datagrams of a handshake. */
export function cutsOf({ datagrams }: Handshake): Cut[] {
  const cuts: Cut[] = [];
  for (const datagram of datagrams) {
    // Nearly all have neither, and a long run has many of them.
    if (datagram.leftover !== undefined || datagram.link.length > 0) cuts.push(...cutOf(datagram));
  }
  return cuts;
}

/** What a datagram that the path cut looks like: by the link, or by a record that needs more bytes than there are. */
function cutOf(datagram: DatagramView): Cut[] {
  const byLink = datagram.link.find(({ action }) => action.kind === 'truncated')?.action;
  if (byLink?.kind === 'truncated') {
    const cut = datagram.records.find(({ end }) => end > byLink.to);
    const declared = cut && cut.end - cut.start;
    return [{ datagram, start: cut?.start ?? byLink.to, declared, to: byLink.to }];
  }
  const { leftover } = datagram;
  if (leftover?.reason !== 'truncated') return [];
  return [{ datagram, start: leftover.start, declared: leftover.declared, to: datagram.size }];
}

/** A record of which a datagram holds the beginning, and the next ones of the same side the rest. */
export interface SplitRecord extends Cut {
  readonly declared: number;
  readonly rest: readonly DatagramView[];
}

/** The next datagrams of a sender come at once; what comes later is something else. ms */
const atOnceMs = 50;

/**
 * Records that run over the ends of datagrams: what follows a cut one begins with no record, and fills just what is missing.
 * No path makes that, and no receiver can read it (RFC 6347 §4.1.1).
 */
export function splitRecordsOf(handshake: Handshake, cuts: readonly Cut[]): readonly SplitRecord[] {
  return cuts.flatMap((cut) => {
    const { datagram, declared, start, to } = cut;
    if (declared === undefined || datagram.link.some(({ action }) => action.kind === 'truncated')) return [];
    const rest: DatagramView[] = [];
    let missing = declared - (to - start);
    for (const next of handshake.datagrams) {
      if (next.packet <= datagram.packet || next.from !== datagram.from || missing <= 0) continue;
      if (next.at - datagram.at > atOnceMs || next.leftover?.start !== 0) break;
      rest.push(next);
      missing -= next.size;
    }
    return rest.length > 0 && missing <= 0 ? [{ ...cut, declared, rest }] : [];
  });
}
