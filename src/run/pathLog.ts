/**
 * What happened on the way to a path, as events of the trace: facts, and the raw STUN of ICE and TURN with numbers of its
 * own, so that an export has what the wire had. STUN goes on for as long as there is a path; so many datagrams are kept.
 */
import type { Address, TraceTime } from '../trace/model.ts';
import type { TraceRecorder } from '../trace/recorder.ts';
import { classify } from '../wire/demux.ts';
import type { PathNews } from './api.ts';

/** Twenty minutes of consent checks in both directions, answers included. */
export const keptStunDatagrams = 1000;

export class PathLog {
  readonly #recorder: TraceRecorder;
  #datagrams = 0;

  constructor(recorder: TraceRecorder) {
    this.#recorder = recorder;
  }

  push(news: PathNews, at: TraceTime): void {
    if (news.kind !== 'datagram') {
      this.#recorder.push({ ...news, at });
      return;
    }
    if (this.#datagrams > keptStunDatagrams) return;
    if (this.#datagrams++ === keptStunDatagrams) {
      const text = `no more than ${keptStunDatagrams} STUN datagrams are kept of a run; what ICE made of the others is told`;
      this.#recorder.push({ kind: 'note', at, text });
      return;
    }
    const { src, dst, bytes } = news;
    this.#recorder.push({
      ...{ kind: 'datagram', at, packet: this.#recorder.nextPacket(), src, dst, bytes, length: bytes.length },
      // ICE knows no client and no server.
      ...{ from: undefined, contents: undefined },
    });
  }
}

/** Tells of a datagram when it is STUN, as `kept` makes of it. */
export function tellStun(
  tell: (news: PathNews) => void,
  [src, dst]: readonly [src: Address, dst: Address],
  bytes: Uint8Array,
  kept: (bytes: Uint8Array) => Uint8Array = (whole) => whole,
): void {
  if (classify(bytes) === 'stun') tell({ kind: 'datagram', src, dst, bytes: kept(bytes) });
}
