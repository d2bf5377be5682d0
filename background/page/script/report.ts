/** What is told of connections: gathered, and sent as one message a few times a second, however much happens. */
import { type FromPage, type PageItem, pageLimits } from '../../../src/bridge/page.ts';
import { natives } from './natives.ts';

export class Report {
  readonly #post: (message: string) => void;
  #items: PageItem[] = [];
  #leftOut = { connections: 0, items: 0 };
  #told = '';
  #due = false;
  resting = false;

  constructor(post: (message: string) => void) {
    this.#post = post;
  }

  item(item: PageItem): void {
    if (this.#items.length < pageLimits.items) this.#items.push(item);
    else this.#leftOut.items++;
    this.#soon();
  }

  /** One more connection that is not looked at. */
  uncounted(): void {
    this.#leftOut.connections++;
    this.#soon();
  }

  /** At once, with what was gathered before it. */
  say(message: FromPage): void {
    if (this.resting) return;
    this.#flush();
    this.#post(JSON.stringify(message));
  }

  #soon(): void {
    if (this.#due || this.resting) return;
    this.#due = true;
    natives.setTimeout(() => {
      this.#due = false;
      this.#flush();
    }, pageLimits.flushMs);
  }

  #flush(): void {
    const items = this.#items;
    this.#items = [];
    const leftOut = JSON.stringify(this.#leftOut);
    if (this.resting || (items.length === 0 && leftOut === this.#told)) return;
    this.#told = leftOut;
    // Long descriptions may not all fit into one message.
    let part: PageItem[] = [];
    let size = 0;
    const send = (): void => {
      this.#post(JSON.stringify({ kind: 'items', items: part, leftOut: this.#leftOut } satisfies FromPage));
      part = [];
      size = 0;
    };
    for (const item of items) {
      const length = JSON.stringify(item).length;
      if (part.length > 0 && size + length > pageLimits.message / 2) send();
      part.push(item);
      size += length;
    }
    send();
  }
}
