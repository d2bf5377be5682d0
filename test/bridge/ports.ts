/** Two ports that are each other's far end, with messages that cross as JSON, as a browser's do. */
import type { Port } from '../../src/bridge/port.ts';

export interface FakePort extends Port {
  /** What was posted here, as the other end got it. */
  readonly posted: unknown[];
  /** Ends the port as the browser would: the other end is told why. */
  breakOff(why?: string): void;
  readonly open: boolean;
}

/** Messages arrive one turn of the microtask queue later, in order. */
export function portPair(): readonly [FakePort, FakePort] {
  const a = new End();
  const b = new End();
  a.other = b;
  b.other = a;
  return [a, b];
}

class End implements FakePort {
  other: End | undefined;
  readonly posted: unknown[] = [];
  open = true;
  readonly #messages: ((message: unknown) => void)[] = [];
  readonly #disconnects: ((why: string | undefined) => void)[] = [];

  post(message: unknown): void {
    if (!this.open) throw new Error('Attempting to use a disconnected port object');
    const json = JSON.stringify(message);
    this.posted.push(JSON.parse(json));
    queueMicrotask(() => {
      if (this.other?.open) for (const hear of this.other.#messages) hear(JSON.parse(json));
    });
  }
  onMessage(hear: (message: unknown) => void): void {
    this.#messages.push(hear);
  }
  onDisconnect(hear: (why: string | undefined) => void): void {
    this.#disconnects.push(hear);
  }
  disconnect(): void {
    if (!this.open) return;
    this.open = false;
    const { other } = this;
    if (other === undefined || !other.open) return;
    other.open = false;
    queueMicrotask(() => {
      for (const hear of other.#disconnects) hear(undefined);
    });
  }
  breakOff(why?: string): void {
    this.open = false;
    if (this.other === undefined || !this.other.open) return;
    this.other.open = false;
    for (const hear of this.other.#disconnects) hear(why);
  }
}

/** Time that stands still until a test moves it. */
export class FakeTimers {
  now = 0;
  #due: { at: number; wake: () => void }[] = [];

  readonly schedule = (ms: number, wake: () => void): (() => void) => {
    const entry = { at: this.now + ms, wake };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((one) => one !== entry);
    };
  };

  /** Moves time on, doing what becomes due in order, with all microtasks in between. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settle();
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.now = Math.max(this.now, next.at);
      next.wake();
      await settle();
    }
    this.now = until;
    await settle();
  }
}

/** Lets everything that is only waiting for a microtask happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
