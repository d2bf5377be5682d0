/**
 * One stand-in: our name, password, fingerprint and candidates on their way to a page, the two descriptions on their way
 * back, and between the page's word and the first datagram the user's. What a page says, or lets its server say, is where
 * datagrams would go: nothing is sent to an address that was not on the list which somebody has agreed to.
 */
import {
  type FromPage,
  type PageDestination,
  type PageIdentity,
  type PageStandIn,
  pageLimits,
} from '../../src/bridge/page.ts';
import { readCandidate, readDescription, type SdpCandidate, type StandIn } from '../../src/ice/sdp.ts';
import { type IceServer, serverOf } from '../../src/ice/whip.ts';
import type { Borrowed, BorrowedSignalling, PathNews } from '../../src/run/index.ts';
import { formatAddress } from '../../src/scenario/index.ts';

/** The scripts of the tab, as far as a session speaks to them. */
export interface Pages {
  offer(identity: PageIdentity): void;
  candidates(frame: number, candidates: readonly string[]): void;
  over(): void;
}

type Claim = Extract<FromPage, { kind: 'claim' }>;
export type StandInMessage = Extract<FromPage, { kind: 'claim' | 'answer' | 'trickled' }>;

export class StandInSession implements BorrowedSignalling {
  readonly id: string;
  readonly tab: number;
  readonly trickles = true;
  identity: PageIdentity | undefined;
  #pages: Pages | undefined;
  #changed: () => void = () => {};
  #end: () => void = () => {};
  #claim: (Claim & { readonly frame: number; readonly origin: string }) | undefined;
  #gotClaim: () => void = () => {};
  #answer: string | undefined;
  #gotAnswer: () => void = () => {};
  /** What the user is asked for, by address; undefined until there is a question. */
  #asked: Map<string, { readonly what: string; readonly candidates: SdpCandidate[] }> | undefined;
  readonly #allowed = new Set<string>();
  #agreed: (() => void) | undefined;
  #going = false;
  #taken = 0;
  /** Trickled candidates of before the question. */
  #early: SdpCandidate[] = [];
  #hearTrickled: ((candidate: SdpCandidate) => void) | undefined;
  #ready: SdpCandidate[] = [];
  #hungUp: Extract<Borrowed, { ok: false }> | undefined;
  #gotHangup: () => void = () => {};
  readonly #hangup = new Promise<void>((resolve) => {
    this.#gotHangup = resolve;
  });
  #tell: (news: PathNews) => void = () => {};

  constructor(id: string, tab: number) {
    this.id = id;
    this.tab = tab;
  }

  /** The frame that has it. */
  get claimedBy(): number | undefined {
    return this.#claim?.frame;
  }
  /** That frame's number for the connection. */
  get connection(): number | undefined {
    return this.#claim?.pc;
  }

  get shown(): PageStandIn {
    const asked = [...(this.#asked ?? [])].map(([address, { what }]): PageDestination => ({ address, what }));
    const asking = this.#asked !== undefined && (!this.#going || asked.length > 0);
    const state = asking ? 'asking' : this.#going ? 'going' : this.#claim ? 'claimed' : 'waiting';
    return { session: this.id, state, asked, ...(this.#claim && { origin: this.#claim.origin }) };
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  attach(pages: Pages): void {
    this.#pages = pages;
    if (this.identity) pages.offer(this.identity);
  }

  /** Where facts of signalling go. */
  onTell(tell: (news: PathNews) => void): void {
    this.#tell = tell;
  }

  /** The page has ended the connection that has it. Said once; where nothing has come of it yet, nothing will. */
  left(why: string): void {
    if (!this.#claim || this.#hungUp) return;
    const by = `the page of ${this.#claim.origin}`;
    this.#hungUp = { ok: false, by, why: `it hung up: ${why}` };
    this.#tell({ kind: 'signalling', fact: { kind: 'hangup', by, why } });
    this.#gotHangup();
  }

  /** How the run is ended when the user says no. */
  onStop(end: () => void): void {
    this.#end = end;
  }

  stop(): void {
    this.#end();
  }

  /** What a frame says of it. False when that is nobody's to say. */
  take(message: StandInMessage, frame: number, origin: string): boolean {
    if (message.kind === 'claim') {
      if (this.#claim || !this.identity || (message.type === 'answer') !== (message.offer !== undefined)) return false;
      this.#claim = { ...message, frame, origin };
      this.#gotClaim();
    } else if (this.#claim?.frame !== frame || this.#claim.pc !== message.pc) return false;
    else if (message.kind === 'answer') {
      // A later one would be of a negotiation that leaves the transport as it is.
      if (this.#answer !== undefined || this.#claim.type !== 'offer') return false;
      this.#answer = message.sdp;
      this.#gotAnswer();
    } else {
      const candidate = message.candidate === '' ? undefined : readCandidate(message.candidate);
      if (candidate && this.#taken++ < pageLimits.candidates) this.#offer(candidate);
    }
    this.#changed();
    return true;
  }

  /** The click: these, as they were shown, and no others. */
  allow(destinations: readonly string[]): void {
    const asked = this.#asked;
    if (!asked) return;
    const freed: SdpCandidate[] = [];
    for (const address of destinations) {
      const one = asked.get(address);
      if (!one) continue;
      asked.delete(address);
      this.#allowed.add(address);
      freed.push(...one.candidates);
    }
    if (this.#going) for (const candidate of freed) this.#free(candidate);
    else {
      this.#going = true;
      this.#agreed?.();
    }
    this.#changed();
  }

  async borrow(ours: StandIn, ended: Promise<void>, clock: { pause(): void; resume(): void }): Promise<Borrowed> {
    const until = async (work: (done: () => void) => void): Promise<boolean> => {
      let done = false;
      const worked = new Promise<void>((resolve) =>
        work(() => {
          done = true;
          resolve();
        }),
      );
      await Promise.race([worked, ended, this.#hangup]);
      return done;
    };
    clock.pause();
    this.identity = ours;
    this.#pages?.offer(ours);
    this.#changed();
    const claimed = await until((done) => {
      this.#gotClaim = done;
    });
    const claim = this.#claim;
    if (!claimed || !claim) return this.#hungUp ?? nobody;
    clock.resume();
    const weOffered = claim.type === 'offer';
    if (weOffered && this.#answer === undefined) {
      const answered = await until((done) => {
        this.#gotAnswer = done;
      });
      if (!answered) return this.#hungUp ?? nobody;
    }
    const peers = (weOffered ? this.#answer : claim.offer) ?? '';
    const servers = claim.servers.flatMap(({ url, username, credential }) => serverOf(url, username, credential) ?? []);
    clock.pause();
    const agreed = await until((done) => {
      this.#agreed = done;
      this.#ask(peers, weOffered ? 'answer' : 'offer', servers);
    });
    if (!agreed) return this.#hungUp ?? nobody;
    clock.resume();
    const iceServers = servers.filter((server) => this.#allowed.has(formatAddress(server.host, server.port)));
    return { ok: true, weOffered, ours: claim.ours, peers, iceServers };
  }

  may(candidate: SdpCandidate): boolean {
    return !isDestination(candidate) || this.#allowed.has(formatAddress(candidate.address, candidate.port));
  }

  hear(hear: (candidate: SdpCandidate) => void): void {
    this.#hearTrickled = hear;
    for (const candidate of this.#ready.splice(0)) hear(candidate);
  }

  trickle({ candidates }: { readonly candidates: readonly string[] }): void {
    if (this.#claim && candidates.length > 0) this.#pages?.candidates(this.#claim.frame, candidates);
  }

  close(): void {
    this.#pages?.over();
    this.#pages = undefined;
  }

  #ask(peers: string, type: 'offer' | 'answer', servers: readonly IceServer[]): void {
    this.#asked = new Map();
    for (const { host, port, scheme } of servers)
      this.#asked.set(formatAddress(host, port), {
        what: `${scheme.toUpperCase()} server of the page`,
        candidates: [],
      });
    const [transport] = readDescription(peers, type).transports;
    for (const candidate of transport?.candidates ?? []) this.#put(candidate, false);
    for (const candidate of this.#early.splice(0)) this.#put(candidate, true);
    this.#changed();
  }

  #offer(candidate: SdpCandidate): void {
    if (!this.#asked) this.#early.push(candidate);
    else if (this.may(candidate)) this.#free(candidate);
    else this.#put(candidate, true);
  }

  /** `later`: it is not in the description, so it has to be told when it may be sent to. */
  #put(candidate: SdpCandidate, later: boolean): void {
    const asked = this.#asked;
    if (!asked || !isDestination(candidate)) return;
    const address = formatAddress(candidate.address, candidate.port);
    const known = asked.get(address);
    if (known) {
      if (later) known.candidates.push(candidate);
    } else if (asked.size < pageLimits.candidates)
      asked.set(address, { what: `candidate, ${candidate.type}`, candidates: later ? [candidate] : [] });
  }

  #free(candidate: SdpCandidate): void {
    if (this.#hearTrickled) this.#hearTrickled(candidate);
    else if (this.#ready.length < pageLimits.candidates) this.#ready.push(candidate);
  }
}

const nobody: Borrowed = { ok: false, by: 'signalling', why: 'the page’s connection came to nothing' };

/** What ICE would send to: UDP, and not RTCP apart. */
const isDestination = ({ transport, component }: SdpCandidate): boolean => transport === 'udp' && component === 1;
