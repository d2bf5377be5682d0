/**
 * STUN between the addresses of a trace, read from its datagrams, so that a capture tells as much as a run: which checks
 * were sent and answered, by whom and how fast. Nothing is proved here, since only the ends know the passwords.
 */
import { fromUtf8, toHex } from '../base/bytes.ts';
import { tryDecode } from '../codec/codec.ts';
import type { Address, DatagramEvent, TraceTime } from '../trace/model.ts';
import { classOf, errorNumber, find, methodOf, type StunMessage, stunMessage } from '../wire/stun.ts';
import type { StunView } from './model.ts';

/** STUN datagrams of a trace that are kept one by one; later ones are only counted. */
export const keptStun = 2000;
/** The longest text of a stranger's that a view repeats. */
const longestText = 100;

/** Messages between two addresses, as places in the list of all. */
interface Pair {
  readonly places: number[];
  revision: number;
  made: { readonly revision: number; readonly views: readonly StunView[] } | undefined;
}

export class StunReader {
  readonly #views: StunView[] = [];
  readonly #pairs = new Map<string, Pair>();
  /** The newest sending of each request, by sender and transaction. */
  readonly #requests = new Map<string, { readonly place: number; readonly at: TraceTime }>();
  readonly #sendings = new Map<string, number>();
  #all: Pair['made'];
  #revision = 0;

  /** Grows with all that changes `all`. */
  get revision(): number {
    return this.#revision;
  }

  /** In order of time; the same array while nothing changed. */
  get all(): readonly StunView[] {
    if (this.#all?.revision !== this.#revision) this.#all = { revision: this.#revision, views: this.#views.slice() };
    return this.#all.views;
  }

  /** The same for what went between two addresses, in either direction. */
  between(a: Address, b: Address): readonly StunView[] {
    const pair = this.#pairs.get(pairKey(a, b));
    if (!pair) return none;
    if (pair.made?.revision !== pair.revision) {
      const views = pair.places.flatMap((place) => this.#views[place] ?? []);
      pair.made = { revision: pair.revision, views };
    }
    return pair.made.views;
  }

  /** Grows with all that changes `between`. */
  revisionOf(a: Address, b: Address): number {
    return this.#pairs.get(pairKey(a, b))?.revision ?? 0;
  }

  /** Takes a datagram that looks like STUN. */
  push(event: DatagramEvent): void {
    if (this.#views.length >= keptStun) return;
    this.#revision++;
    const place = this.#views.length;
    const { packet, at, src, dst, length, bytes } = event;
    const key = pairKey(src, dst);
    const pair = this.#pairs.get(key) ?? { places: [], revision: 0, made: undefined };
    this.#pairs.set(key, pair);
    pair.places.push(place);
    pair.revision++;

    const type = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    const cls = classOf(type);
    const transaction = toHex(bytes.subarray(8, 20));
    const sending = `${src} ${dst} ${type} ${transaction}`;
    const attempt = this.#sendings.get(sending) ?? 0;
    this.#sendings.set(sending, attempt + 1);
    if (cls === 'request') this.#requests.set(`${src} ${transaction}`, { place, at });
    const request = cls === 'success' || cls === 'error' ? this.#requests.get(`${dst} ${transaction}`) : undefined;
    const asked = request && this.#views[request.place];
    // An answer from another address than was asked belongs to the request all the same, and both show it.
    if (request && asked && asked.answeredBy === undefined) {
      this.#views[request.place] = { ...asked, answeredBy: packet };
      const other = this.#pairs.get(pairKey(asked.src, asked.dst));
      if (other && other !== pair) other.revision++;
    }
    const decoded = tryDecode(stunMessage, bytes);
    this.#views.push({
      ...{ packet, at, src, dst, size: length, method: methodOf(type), class: cls, transaction, attempt },
      ...attributesOf(decoded.ok ? decoded.value : undefined),
      fault: decoded.ok ? undefined : decoded.error.message.slice(0, longestText),
      answers: asked?.packet,
      afterMs: request && asked ? at - request.at : undefined,
      answeredBy: undefined,
    });
  }
}

const none: readonly StunView[] = [];
const pairKey = (a: Address, b: Address): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

type Attributes = Pick<StunView, 'username' | 'role' | 'useCandidate' | 'error'>;

function attributesOf(message: StunMessage | undefined): Attributes {
  if (!message) return { username: undefined, role: undefined, useCandidate: false, error: undefined };
  const { attributes } = message;
  const username = find(attributes, 'USERNAME');
  const error = find(attributes, 'ERROR-CODE');
  const role = find(attributes, 'ICE-CONTROLLING') ? 'controlling' : find(attributes, 'ICE-CONTROLLED') && 'controlled';
  return {
    username: username && text(username),
    role: role || undefined,
    useCandidate: find(attributes, 'USE-CANDIDATE') !== undefined,
    error: error && { number: errorNumber(error), reason: text(error.reason) },
  };
}

const text = (bytes: Uint8Array): string => fromUtf8(bytes.subarray(0, longestText));
