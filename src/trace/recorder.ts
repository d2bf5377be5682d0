/**
 * A growing trace. Whoever runs something pushes facts in; whoever watches gets all of them in order, also those from
 * before it began to watch.
 */
import { copy } from '../base/bytes.ts';
import type { Trace, TraceEvent, TraceHeader } from './model.ts';

export class TraceRecorder implements Trace {
  readonly header: TraceHeader;
  readonly #events: TraceEvent[] = [];
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  #lastPacket = 0;

  constructor(header: TraceHeader) {
    this.header = header;
  }

  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  /** The number for the next datagram: counted from 1, in the order of asking. */
  nextPacket(): number {
    return ++this.#lastPacket;
  }

  /** Records a fact. Bytes of a datagram are copied, since a socket may reuse its buffer. */
  push(event: TraceEvent): void {
    const kept = event.kind === 'datagram' ? { ...event, bytes: copy(event.bytes) } : event;
    this.#events.push(kept);
    for (const hear of [...this.#listeners]) hear(kept);
  }

  /** Calls back for all events so far, and then for each new one. The answer stops the calls. */
  subscribe(hear: (event: TraceEvent) => void): () => void {
    // A private function per subscription: the same callback may subscribe twice.
    const listener = (event: TraceEvent): void => hear(event);
    for (const event of [...this.#events]) hear(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
