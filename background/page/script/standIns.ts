/**
 * The page's next connection speaks for our engine: to the page it looks as always, to the peer it shows our ICE name and
 * password, our fingerprint, our role and our candidates. Descriptions of the browser's own are rewritten on their way to the
 * page and back on their way from it; the peer's candidates go to the background and are kept from the browser, whose own ICE
 * so has nobody to speak to. Which connection it is, the first local description decides: many pages make connections that
 * are never used.
 */
import { type PageIdentity, type PageServer, pageLimits, type ToPage } from '../../../src/bridge/page.ts';
import { giveBack, standIn, takeCandidates } from '../../../src/ice/sdpStandIn.ts';
import { natives, readWords } from './natives.ts';
import type { Report } from './report.ts';

interface Standing {
  readonly pc: unknown;
  readonly number: number;
  session: string;
  identity: PageIdentity;
  claimed: boolean;
  /** The browser's own descriptions, by type, as they were last made. */
  readonly made: Map<string, string>;
  /** Those that the page was shown, by the browser's own text. */
  readonly views: Map<string, RTCSessionDescription>;
  /** The peer's offer, as the page gave it. */
  offer: string | undefined;
  /** Candidates of the peer's that the browser was not given. */
  readonly withheld: RTCIceCandidateInit[];
}

const tooLong = 'stand-in: this description is too long to be passed on';

/** Descriptions whose view is remembered, so that the page gets the same object again. */
const mostViews = 8;
/** How long a page's call waits for the background's first word. ms */
const greetingMs = 2000;

export class StandIns {
  readonly #report: Report;
  /** Connections that may carry it; those that were made before the background spoke are undecided. */
  readonly #standing = new WeakMap<object, Standing | 'undecided'>();
  readonly #unclaimed = new Set<Standing>();
  #current: { readonly session: string; readonly identity: PageIdentity } | undefined;
  #claimed: Standing | undefined;
  #undecided: { readonly pc: object; readonly number: number }[] = [];
  #greet: () => void = () => {};
  #waiting = true;
  readonly #greeted: Promise<void>;
  readonly #own = new WeakSet<Event>();

  constructor(report: Report) {
    this.#report = report;
    this.#greeted = new Promise((resolve) => {
      this.#greet = resolve;
    });
    natives.setTimeout(() => this.#decide(), greetingMs);
  }

  hear(message: Exclude<ToPage, { readonly kind: 'again' }>): void {
    if (message.kind === 'candidates') {
      if (this.#claimed?.session === message.session) this.#more(this.#claimed, message.candidates);
      return;
    }
    if (message.kind === 'stand-in') {
      if (message.session === this.#current?.session) return;
      this.#current = message;
    } else this.#current = undefined;
    for (const one of [...this.#unclaimed]) if (one.session !== this.#current?.session) this.#release(one);
    this.#decide();
  }

  /** A connection was made. */
  adopt(pc: object, number: number): void {
    if (this.#waiting) {
      this.#standing.set(pc, 'undecided');
      this.#undecided.push({ pc, number });
    } else this.#begin(pc, number);
  }

  /** Whether an icecandidate event is for the page: those of ours are, the browser's own are not while we stand in. */
  passes(pc: object, event: Event): boolean {
    return this.#own.has(event) || !this.#standing.has(pc);
  }

  /** Does `ours` where a connection stands in, what the browser does where it does not. */
  whether(pc: unknown, native: () => unknown, ours: (standing: Standing) => Promise<unknown>): unknown {
    const standing = typeof pc === 'object' && pc !== null ? this.#standing.get(pc) : undefined;
    if (standing === undefined) return native();
    if (standing !== 'undecided') return ours(standing);
    return (async () => {
      await this.#greeted;
      const now = this.#standing.get(pc as object);
      return now === undefined || now === 'undecided' ? native() : ours(now);
    })();
  }

  /** What the page is to see of a description of the browser's own. */
  view(pc: unknown, native: unknown): unknown {
    const standing = typeof pc === 'object' && pc !== null ? this.#standing.get(pc) : undefined;
    const words = readWords(native);
    if (standing === undefined || standing === 'undecided' || words === undefined) return native;
    return this.#viewOf(standing, words);
  }

  async create(standing: Standing, native: unknown): Promise<unknown> {
    const words = readWords(await native);
    if (words === undefined) return native;
    standing.made.set(words.type, words.sdp);
    return this.#viewOf(standing, words);
  }

  async setLocal(standing: Standing, given: unknown): Promise<unknown> {
    const { pc } = standing;
    const words = readWords(given);
    if (words === undefined || (words.sdp === '' && words.type !== 'rollback'))
      await natives.setLocal(pc, words ? [words] : []);
    else {
      const native = standing.made.get(words.type);
      const sdp = native === undefined ? words.sdp : giveBack(words.sdp, native);
      await natives.setLocal(pc, [words.type === 'rollback' ? { type: 'rollback' } : { type: words.type, sdp }]);
    }
    const local = readWords(natives.localDescription(pc));
    if (local !== undefined && !standing.claimed && (local.type === 'offer' || local.type === 'answer'))
      this.#claim(standing, local.type, this.#viewOf(standing, local).sdp);
    return undefined;
  }

  async setRemote(standing: Standing, given: unknown): Promise<unknown> {
    const { pc, session, number } = standing;
    const words = readWords(given);
    if (words === undefined || words.type === 'rollback') return natives.setRemote(pc, [given]);
    const { sdp, taken } = takeCandidates(words.sdp);
    await natives.setRemote(pc, [{ type: words.type, sdp }]);
    for (const { candidate, sdpMLineIndex } of taken) this.#withhold(standing, { candidate, sdpMLineIndex });
    if (words.type === 'offer') standing.offer = words.sdp;
    else if (standing.claimed && words.sdp.length <= pageLimits.sdp)
      this.#report.say({ kind: 'answer', session, pc: number, sdp: words.sdp });
    else if (standing.claimed) this.#report.item({ kind: 'note', pc: number, text: tooLong });
    return undefined;
  }

  async addCandidate(standing: Standing, given: unknown): Promise<unknown> {
    const init = (given ?? {}) as RTCIceCandidateInit;
    const candidate = typeof init.candidate === 'string' ? init.candidate.slice(0, pageLimits.text) : '';
    const { sdpMid, sdpMLineIndex } = init;
    this.#withhold(standing, { candidate, ...(sdpMid && { sdpMid }), ...(sdpMLineIndex && { sdpMLineIndex }) });
    if (standing.claimed)
      this.#report.say({ kind: 'trickled', session: standing.session, pc: standing.number, candidate });
    return undefined;
  }

  #withhold(standing: Standing, candidate: RTCIceCandidateInit): void {
    if (standing.withheld.length < pageLimits.candidates) standing.withheld.push(candidate);
  }

  #decide(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    for (const { pc, number } of this.#undecided) {
      this.#standing.delete(pc);
      this.#begin(pc, number);
    }
    this.#undecided = [];
    this.#greet();
  }

  #begin(pc: object, number: number): void {
    if (this.#current === undefined || this.#claimed?.session === this.#current.session) return;
    const { session, identity } = this.#current;
    const standing: Standing = {
      ...{ pc, number, session, identity, claimed: false, offer: undefined, withheld: [] },
      made: new Map(),
      views: new Map(),
    };
    this.#standing.set(pc, standing);
    this.#unclaimed.add(standing);
  }

  /** It was another connection's turn: the browser gets what it was not given. */
  #release(standing: Standing): void {
    this.#unclaimed.delete(standing);
    this.#standing.delete(standing.pc as object);
    for (const candidate of standing.withheld)
      (natives.addCandidate(standing.pc, [candidate]) as Promise<void> | undefined)?.catch(() => {});
  }

  #viewOf(standing: Standing, { type, sdp }: { readonly type: string; readonly sdp: string }): RTCSessionDescription {
    const known = standing.views.get(sdp);
    if (known?.type === type) return known;
    const offered = type === 'answer' || type === 'pranswer' ? standing.offer : undefined;
    const text = standIn(sdp, standing.identity, offered);
    const view = new natives.Description({ type: type as RTCSdpType, sdp: text });
    if (standing.views.size >= mostViews) standing.views.clear();
    standing.views.set(sdp, view);
    return view;
  }

  #claim(standing: Standing, type: 'offer' | 'answer', ours: string): void {
    const { session, number: pc, offer, identity } = standing;
    if (ours.length > pageLimits.sdp || (offer?.length ?? 0) > pageLimits.sdp) {
      this.#report.item({ kind: 'note', pc, text: tooLong });
      return;
    }
    standing.claimed = true;
    this.#claimed = standing;
    this.#unclaimed.delete(standing);
    for (const other of [...this.#unclaimed]) this.#release(other);
    this.#report.say({
      ...{ kind: 'claim', session, pc, type, ours, servers: serversOf(standing.pc) },
      ...(type === 'answer' && offer !== undefined && { offer }),
    });
    for (const { candidate = '' } of standing.withheld)
      if (type === 'answer' && !offer?.includes(candidate))
        this.#report.say({ kind: 'trickled', session, pc, candidate });
    natives.setTimeout(() => {
      this.#announce(standing, identity.candidates);
      this.#emit(standing, null);
    }, 0);
  }

  #more(standing: Standing, candidates: readonly string[]): void {
    standing.identity = { ...standing.identity, candidates: [...standing.identity.candidates, ...candidates] };
    standing.views.clear();
    this.#announce(standing, candidates);
  }

  #announce(standing: Standing, candidates: readonly string[]): void {
    const local = readWords(natives.localDescription(standing.pc));
    const sdpMid = /^a=mid:(\S+)/m.exec(local?.sdp ?? '')?.[1] ?? null;
    for (const candidate of candidates)
      this.#emit(
        standing,
        new natives.Candidate({ candidate, sdpMid, sdpMLineIndex: 0, usernameFragment: standing.identity.ufrag }),
      );
  }

  #emit({ pc }: Standing, candidate: RTCIceCandidate | null): void {
    const event = new natives.IceEvent('icecandidate', { candidate });
    this.#own.add(event);
    natives.dispatch(pc, [event]);
  }
}

/** The servers that the page gave a connection, one URL each. */
export function serversOf(pc: unknown): PageServer[] {
  const { iceServers = [] } = (natives.getConfiguration(pc, []) ?? {}) as RTCConfiguration;
  return iceServers
    .flatMap(({ urls, username, credential }) =>
      (typeof urls === 'string' ? [urls] : urls).map((url) => ({
        url: url.slice(0, pageLimits.text),
        ...(username !== undefined && { username: username.slice(0, pageLimits.text) }),
        ...(credential !== undefined && { credential: credential.slice(0, pageLimits.text) }),
      })),
    )
    .slice(0, pageLimits.servers);
}
