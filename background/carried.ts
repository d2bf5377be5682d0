/**
 * Descriptions of a run of `sdp:` that a person carries over: ours is shown in the panels while the run goes on, the
 * peer's comes from one of them. Both have ICE passwords in them, so neither is stored.
 */
import type { OwnDescription } from '../src/bridge/panel.ts';

export class Carried {
  #ours: OwnDescription | undefined;
  #changed: () => void = () => {};
  #give: ((sdp: string) => void) | undefined;

  get ours(): OwnDescription | undefined {
    return this.#ours;
  }

  /** Calls back when `ours` is another. */
  onChange(hear: () => void): void {
    this.#changed = hear;
  }

  show(ours: Pick<OwnDescription, 'type' | 'sdp'>): void {
    this.#set({ ...ours, waits: false });
  }

  /** The peer's answer; undefined when `ended` comes first. */
  wait(ended: Promise<void>): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#give = resolve;
      if (this.#ours) this.#set({ ...this.#ours, waits: true });
      void ended.then(() => resolve(undefined));
    });
  }

  /** Answers false when nobody waits for one. */
  answer(sdp: string): boolean {
    const give = this.#give;
    if (!give || !this.#ours?.waits) return false;
    this.#give = undefined;
    this.#set({ ...this.#ours, waits: false });
    give(sdp);
    return true;
  }

  #set(ours: OwnDescription): void {
    this.#ours = ours;
    this.#changed();
  }
}
