/**
 * STUN between the addresses of a trace, read from its datagrams, so that a capture tells as much as a run: which checks
 * were sent and answered, by whom and how fast. Nothing is proved here, since only the ends know the passwords.
 */
import { copy, fromUtf8, toHex } from '../base/bytes.ts';
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
  readonly #seen: Seen[] = [];
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
    if (this.#all?.revision !== this.#revision) this.#all = { revision: this.#revision, views: this.#seen.map(viewOf) };
    return this.#all.views;
  }

  /** The same for what went between two addresses, in either direction. */
  between(a: Address, b: Address): readonly StunView[] {
    const pair = this.#pairs.get(pairKey(a, b));
    if (!pair) return none;
    if (pair.made?.revision !== pair.revision) {
      const views = pair.places.flatMap((place) => {
        const seen = this.#seen[place];
        return seen ? [viewOf(seen)] : [];
      });
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
    if (this.#seen.length >= keptStun) return;
    this.#revision++;
    const place = this.#seen.length;
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
    const asked = request && this.#seen[request.place]?.view;
    // An answer from another address than was asked belongs to the request all the same, and both show it.
    if (request && asked && asked.answeredBy === undefined) {
      const known = this.#seen[request.place];
      if (known) known.view = { ...asked, answeredBy: packet };
      const other = this.#pairs.get(pairKey(asked.src, asked.dst));
      if (other && other !== pair) other.revision++;
    }
    this.#seen.push({
      view: {
        ...{ packet, at, src, dst, size: length, method: methodOf(type), class: cls, transaction, attempt },
        ...attributesOf(undefined),
        fault: undefined,
        answers: asked?.packet,
        afterMs: request && asked ? at - request.at : undefined,
        answeredBy: undefined,
      },
      // A copy: a part of a file must not stay in memory for it.
      unread: copy(bytes),
    });
  }
}

/** A message, of which the attributes are read when somebody looks: most are of pairs that nobody looks at. */
interface Seen {
  view: StunView;
  unread: Uint8Array | undefined;
}

function viewOf(seen: Seen): StunView {
  if (!seen.unread) return seen.view;
  const decoded = tryDecode(stunMessage, seen.unread);
  const fault = decoded.ok ? undefined : decoded.error.message.slice(0, longestText);
  seen.view = { ...seen.view, ...attributesOf(decoded.ok ? decoded.value : undefined), fault };
  seen.unread = undefined;
  return seen.view;
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
