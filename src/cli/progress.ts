/** One line while a run goes on: how long, how much, and what it waits for. */
import type { TraceEvent } from '../trace/model.ts';
import type { Terminal } from './terminal.ts';

export class Progress {
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #sent = 0;
  #received = 0;
  #state = '';
  #resent = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    // A handshake that is over at once needs no progress.
    this.#timer = setInterval(() => this.#draw(), 200);
    this.#timer.unref();
  }

  see(event: TraceEvent): void {
    if (event.kind === 'datagram') {
      if (event.contents === undefined) this.#received++;
      else this.#sent++;
      if (event.contents !== undefined && event.contents.attempt > 0) this.#resent++;
    } else if (event.kind === 'state') this.#state = event.to;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#terminal.progress(undefined);
  }

  #draw(): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const again = this.#resent > 0 ? ` (${this.#resent} again)` : '';
    this.#terminal.progress(`${seconds} s: ${this.#sent} sent${again}, ${this.#received} received; ${this.#state}`);
  }
}
