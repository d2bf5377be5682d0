/**
 * From a description, or a server that is asked for one, to a peer behind ICE: our candidates, our description, the
 * peer's, who plays which DTLS part, and a path. Everything that is wrong with the descriptions is told and, where anything
 * can come of it, gone on with: what a gateway makes of it is the question.
 */
import { equal, toHex } from '../base/bytes.ts';
import { parseIp, socketText } from '../base/ip.ts';
import type { RandomSource } from '../base/random.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig, Fingerprint, Role } from '../engine/api.ts';
import { createIceAgent } from '../ice/agent.ts';
import { defaultIceConfig, type IceAgent, type IceConfig, type LocalCandidate } from '../ice/api.ts';
import { Doorstep } from '../ice/doorstep.ts';
import { createLiteAgent } from '../ice/lite.ts';
import { dtlsTimeoutFrom } from '../ice/rtt.ts';
import {
  type Description,
  type DescriptionType,
  formatCandidate,
  formatSdpFingerprint,
  type MediaKind,
  type OwnCandidate,
  type OwnSide,
  problemsBetween,
  type Roles,
  readDescription,
  rolesOf,
  type SdpCandidate,
  type SdpProblem,
  type SdpProblemId,
  type SdpTransport,
  usableFingerprints,
  writeAnswer,
  writeOffer,
} from '../ice/sdp.ts';
import type { TurnCredentials } from '../ice/turnModel.ts';
import type { IceServer } from '../ice/whip.ts';
import { maskedSdp } from '../trace/pathFacts.ts';
import { fingerprintOf } from '../x509/fingerprint.ts';
import type { PathNews, Transport } from './api.ts';
import { IceBases } from './iceBases.ts';
import { IcePath } from './icePath.ts';
import type { Found, Search } from './pathRun.ts';
import type { BorrowedSignalling, Signalling } from './signalling.ts';

export interface SignalledSpec {
  /** `tell` takes what it does as facts of the trace. */
  readonly signalling: (tell: (news: PathNews) => void) => Signalling | BorrowedSignalling;
  /** Sockets for anybody, one for each local address that is to be a candidate. */
  readonly hosts: readonly Transport[];
  /** Everything is to go through this relay, and nothing else is told to the peer. */
  readonly relay: { readonly transport: Transport; readonly credentials: TurnCredentials | undefined } | undefined;
  /** What our description claims; `actpass` answers by `preferred`. */
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly preferred: Role;
  /** We are ICE-lite: the peer finds the way to us. */
  readonly lite?: boolean;
  readonly kinds: readonly MediaKind[];
  /** What our description announces. */
  readonly fingerprints: readonly Fingerprint[];
  /** The engine's settings for a role, with the peer's fingerprints and, from ICE, the start of its timer. */
  readonly config: (settled: Settled) => EndpointConfig;
  /** A socket to a server that signalling named (TURN); undefined when there is no way. */
  readonly connect: (host: string, port: number) => Promise<Transport | undefined>;
  /** An IP address of a name; undefined when the system knows none. */
  readonly resolve: (host: string) => Promise<string | undefined>;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
}

export interface Settled {
  readonly role: Role;
  /** Those that signalling announced for the peer; none when it announced none that can be used. */
  readonly fingerprints: readonly Fingerprint[];
  /** ms; undefined when ICE measured no round trip. */
  readonly timerMs: number | undefined;
}

/** Problems of one description that a trace keeps. */
const mostProblems = 50;
/** Names that are looked up for one peer. */
const mostNames = 8;

export async function findSignalledPath(spec: SignalledSpec, search: Search): Promise<Found> {
  const seeker = new Seeker(spec, search);
  try {
    return await seeker.find();
  } catch (error) {
    seeker.abandon();
    throw error;
  }
}

class Seeker {
  readonly #spec: SignalledSpec;
  readonly #search: Search;
  readonly #bases: IceBases;
  readonly #local: { readonly ufrag: string; readonly pwd: string };
  readonly #tell: (news: PathNews) => void;
  readonly #signalling: Signalling | BorrowedSignalling;
  #path: IcePath | undefined;
  #doorstep: Doorstep | undefined;
  #over = false;
  /** What a hangup means while ICE looks for a path; once there is one, it is a fact beside the handshake. */
  #hungUp: (by: string, why: string) => void = () => {};
  /** Names that were looked up for the peer. */
  #names = 0;
  /** Our description is out, and the peer's is not here. */
  #exchanging = false;
  #end: () => void = () => {};
  readonly #ended: Promise<void>;

  constructor(spec: SignalledSpec, search: Search) {
    this.#spec = spec;
    this.#search = search;
    const { crypto, random } = spec;
    // Base64 has only letters, digits, "+" and "/", which are the characters of ICE (RFC 8839 §5.4).
    const word = (bytes: number): string => btoa(String.fromCharCode(...random(bytes))).replaceAll('=', '');
    this.#local = { ufrag: word(3), pwd: word(18) };
    // Once there is a path the driver records, on its own clock.
    this.#tell = (news) => (this.#path ? this.#path.pass(news) : search.tell(news));
    this.#signalling = spec.signalling((news) => {
      this.#tell(news);
      if (news.kind === 'signalling' && news.fact.kind === 'hangup') this.#hungUp(news.fact.by, news.fact.why);
    });
    this.#bases = new IceBases({
      hosts: spec.relay ? [] : spec.hosts,
      clock: search.clock,
      crypto,
      random,
      tell: this.#tell,
    });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    search.onEnd((why) => {
      if (why === 'time-up') {
        if (this.#exchanging) search.refused('signalling', 'no answer to our description came until the time was up');
        this.#bases.giveUp();
        this.#path?.giveUp();
      }
      this.abandon();
    });
  }

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#end();
    this.#path?.close();
    this.#bases.close();
    // Without a relay the hosts are the bases; with one they were never used.
    if (this.#spec.relay) for (const host of this.#spec.hosts) host.close();
    this.#signalling.close();
  }

  async find(): Promise<Found> {
    const { relay } = this.#spec;
    const signalling = this.#signalling;
    if (relay) {
      const allocated = await this.#bases.allocate(relay.transport, relay.credentials, undefined);
      if (!allocated.ok) return this.#refused(allocated.by, allocated.why);
      if (this.#over) return lost;
    }
    const met = await ('borrow' in signalling ? this.#borrow(signalling) : this.#exchange(signalling));
    if (this.#over) return lost;
    if (!met.ok) return met.by === undefined ? this.#lose(met.why) : this.#refused(met.by, met.why);
    const { own, peers, weOffered } = met;
    const [given, answer] = weOffered ? [own, peers] : [peers, own];
    this.#problems(problemsBetween(given, answer));
    const index = own.transports[0]?.sections[0] ?? 0;
    const transport = weOffered
      ? peers.transports.find(({ sections }) => sections.includes(index))
      : peers.transports[0];
    const about = transport ?? peers.transports[0];
    if (!about) return this.#refused('signalling', 'the peer’s description has no section that is on and wants DTLS');
    const role = this.#role(given, answer, weOffered);
    return this.#connect(own, peers, about, role, weOffered, met.iceServers);
  }

  /** Ours and the peer's by signalling of our own. */
  async #exchange(signalling: Signalling): Promise<Met> {
    const offer = signalling.offer === undefined ? undefined : this.#read(signalling.offer, 'offer');
    const ours = this.#write(offer, signalling);
    if (!ours.ok) return { ...ours, by: undefined };
    this.#exchanging = true;
    if (offer === undefined) this.#openDoor();
    const exchanged = await signalling.exchange(ours, this.#ended);
    this.#exchanging = false;
    if (this.#over || !exchanged.ok) return exchanged.ok ? { ...lost, by: undefined } : exchanged;
    const own = readDescription(ours.sdp, ours.type);
    const peers = offer ?? this.#read(exchanged.answer ?? '', 'answer');
    return { ok: true, own, peers, weOffered: offer === undefined, iceServers: exchanged.iceServers };
  }

  /** Our offer is on its way: from now on the peer may check us, and its answer may take its time. */
  #openDoor(): void {
    // The offerer controls (RFC 8445 §6.1.1).
    const doorstep = new Doorstep(this.#local, 'controlling', this.#spec.crypto);
    this.#doorstep = doorstep;
    this.#bases.listen((news) => {
      if (news.kind !== 'datagram') return;
      const answer = doorstep.take(news.bytes, news.from, news.on);
      if (answer) this.#bases.send(news.on, news.from, answer);
    });
  }

  /** Somebody else's description with ours in it, and what came back to him. */
  async #borrow(signalling: BorrowedSignalling): Promise<Met> {
    const { setup, preferred, fingerprints } = this.#spec;
    const ours = {
      ...this.#local,
      fingerprints: fingerprints.map(formatSdpFingerprint),
      candidates: this.#hostCandidates().map((candidate) => formatCandidate(toSdp(candidate), this.#local.ufrag)),
      setup,
      preferred: claimOf(setup, preferred),
    };
    const borrowed = await signalling.borrow(ours, this.#ended, {
      pause: () => {
        this.#exchanging = false;
        this.#search.pause();
      },
      resume: () => {
        this.#exchanging = true;
        this.#search.resume();
      },
    });
    this.#exchanging = false;
    if (this.#over || !borrowed.ok) return borrowed.ok ? { ...lost, by: undefined } : borrowed;
    const { weOffered, iceServers } = borrowed;
    const [type, other] = weOffered ? (['offer', 'answer'] as const) : (['answer', 'offer'] as const);
    const peersOffer = weOffered ? undefined : this.#read(borrowed.peers, other);
    this.#fact({ kind: 'description', of: 'ours', type, sdp: maskedSdp(borrowed.ours) });
    this.#ownFingerprint(type);
    const peers = peersOffer ?? this.#read(borrowed.peers, other);
    return { ok: true, own: readDescription(borrowed.ours, type), peers, weOffered, iceServers };
  }

  /** What the peer wrote, with everything that is wrong with it. */
  #read(text: string, type: 'offer' | 'answer'): Description {
    const description = readDescription(text, type);
    this.#fact({ kind: 'description', of: 'peers', type, sdp: maskedSdp(text) });
    this.#problems(description.problems);
    return description;
  }

  #problems(
    problems: readonly (Omit<SdpProblem, 'id'> & { readonly id: SdpProblemId | 'fingerprint-not-ours' })[],
  ): void {
    for (const { id, severity, side, line, text } of problems.slice(0, mostProblems))
      this.#fact({ kind: 'problem', id, severity, side, line, text });
  }

  #write(
    offer: Description | undefined,
    signalling: Signalling,
  ):
    | { readonly ok: true; readonly type: 'offer' | 'answer'; readonly sdp: string }
    | { readonly ok: false; readonly why: string } {
    const { setup, preferred, kinds, fingerprints, random } = this.#spec;
    const side: OwnSide = {
      ...this.#local,
      fingerprints,
      candidates: this.#hostCandidates().map(toSdp),
      trickle: signalling.trickles,
      lite: this.#spec.lite ?? false,
      tlsId: toHex(random(20)),
      sessionId: sessionId(random),
    };
    const type = offer ? ('answer' as const) : ('offer' as const);
    let sdp: string;
    if (offer) {
      const written = writeAnswer(offer, side, claimOf(setup, preferred));
      if (!written.ok) return written;
      sdp = written.sdp;
    } else sdp = writeOffer(side, { kinds, direction: signalling.direction, setup });
    this.#fact({ kind: 'description', of: 'ours', type, sdp: maskedSdp(sdp) });
    this.#ownFingerprint(type);
    return { ok: true, type, sdp };
  }

  /** What we announce was asked for, and need not be our certificate's: the handshake is lost before it begins. */
  #ownFingerprint(side: DescriptionType): void {
    const { config, preferred, fingerprints, crypto } = this.#spec;
    const [leaf] = config({ role: preferred, fingerprints: [], timerMs: undefined }).credentials[0]?.chain ?? [];
    const [one] = fingerprints;
    if (!leaf || !one) return;
    const fits = fingerprints.some(({ hash, value }) => equal(fingerprintOf(leaf, hash, crypto).value, value));
    if (fits) return;
    this.#problems([
      {
        ...{ id: 'fingerprint-not-ours', severity: 'warning', side, line: undefined },
        text: `Our description announces ${formatSdpFingerprint(one)}, and our certificate has ${formatSdpFingerprint(fingerprintOf(leaf, one.hash, crypto))}: a peer that holds us to it must refuse the handshake.`,
      },
    ]);
  }

  /**
   * Our candidates before anything is sent: an agent without servers says them at once, and the one that will do the work
   * says the same, as nothing but the bases goes into them.
   */
  #hostCandidates(): readonly LocalCandidate[] {
    const agent = this.#agent('controlling', []);
    const found: LocalCandidate[] = [];
    agent.handle({ kind: 'start' }, this.#search.clock.now());
    for (let output = agent.poll(); output.kind !== 'wait'; output = agent.poll())
      if (output.kind === 'event' && output.event.kind === 'candidate') found.push(output.event.candidate);
    return found;
  }

  #agent(role: IceConfig['role'], stunServers: readonly string[]): IceAgent {
    const config = { ...defaultIceConfig, role, local: this.#local, bases: this.#bases.bases, stunServers };
    return this.#spec.lite ? createLiteAgent(config, this.#spec) : createIceAgent(config, this.#spec);
  }

  /** Our DTLS part. Where the two descriptions settle nothing, we do what ours said, and the run shows what comes of it. */
  #role(offer: Description, answer: Description, weOffered: boolean): Role {
    const roles: Roles = rolesOf(offer, answer)[0]?.roles ?? { kind: 'undecided', why: 'no section was taken' };
    const ours = weOffered ? 'offer' : 'answer';
    const claim = (weOffered ? offer : answer).transports[0]?.setup?.value;
    const role: Role =
      roles.kind === 'decided'
        ? roles.client === ours
          ? 'client'
          : 'server'
        : claim === 'active'
          ? 'client'
          : claim === 'passive'
            ? 'server'
            : this.#spec.preferred;
    const client = roles.kind === 'decided' ? roles.client : undefined;
    const note = roles.kind === 'decided' ? roles.assumed : roles.kind === 'undecided' ? roles.why : undefined;
    this.#fact({ kind: 'roles', result: roles.kind, client, ours: role, note });
    // What we announced binds us as it does the peer: a trace shows when the certificate is another.
    this.#search.announced(role, this.#spec.fingerprints);
    return role;
  }

  async #connect(
    own: Description,
    peers: Description,
    about: SdpTransport,
    role: Role,
    weOffered: boolean,
    servers: readonly IceServer[],
  ): Promise<Found> {
    const { ufrag, pwd } = about;
    if (!ufrag || !pwd) return this.#refused('signalling', 'the peer’s description has no ICE user and password');
    const { config } = this.#spec;
    const signalling = this.#signalling;
    const stun = this.#spec.relay ? [] : await this.#addresses(servers.filter(({ scheme }) => scheme === 'stun'));
    if (this.#over) return lost;
    // The offerer controls (RFC 8445 §6.1.1).
    const agent = this.#agent(weOffered ? 'controlling' : 'controlled', stun);
    const told = new Set(own.transports[0]?.candidates.map(({ address, port }) => `${address} ${port}`));
    const mids = own.sections.flatMap(({ mid }) => mid?.value ?? []);
    let pendingRelays = 0;
    let gathered = false;
    const trickle = (candidates: readonly string[]): void => {
      const end = gathered && pendingRelays === 0;
      if (signalling.trickles && (candidates.length > 0 || end))
        signalling.trickle({ ...this.#local, mids, candidates, end });
    };
    return new Promise((resolve) => {
      const path = new IcePath({
        agent,
        bases: this.#bases,
        clock: this.#search.clock,
        tell: (news) => this.#search.tell(news),
        candidate: (candidate) => {
          const written = toSdp(candidate);
          const key = `${written.address} ${written.port}`;
          if (told.has(key) || candidate.kind === 'prflx') return;
          told.add(key);
          trickle([formatCandidate(written, this.#local.ufrag)]);
        },
        gathered: () => {
          gathered = true;
          trickle([]);
        },
        ready: (transport, rttMs) => {
          const timerMs = rttMs === undefined ? undefined : dtlsTimeoutFrom(rttMs);
          const fingerprints = usableFingerprints(about.fingerprints);
          this.#over = true;
          this.#end();
          resolve({
            ok: true,
            transport,
            config: config({ role, fingerprints, timerMs }),
            closed: () => {
              signalling.close();
              if (this.#spec.relay) for (const host of this.#spec.hosts) host.close();
            },
          });
        },
        failed: (why) => {
          this.abandon();
          resolve({ ok: false, why });
        },
      });
      this.#path = path;
      this.#hungUp = (by, why) => {
        if (!this.#over) resolve(this.#refused(by, `it hung up before there was a path: ${why}`));
      };
      path.start();
      path.remote(ufrag.value, pwd.value, peers.lite !== undefined);
      const may = (candidate: SdpCandidate): boolean => !('may' in signalling) || signalling.may(candidate);
      void this.#candidates(about.candidates.filter(may), path);
      for (const visitor of this.#doorstep?.visitors() ?? []) path.visitor(visitor);
      signalling.hear?.((candidate) => void this.#candidates([candidate], path));
      path.look();
      if (!this.#spec.relay)
        for (const server of servers.filter(({ scheme }) => scheme === 'turn')) {
          pendingRelays++;
          void this.#relay(server).finally(() => {
            pendingRelays--;
            trickle([]);
          });
        }
    });
  }

  /** The peer's candidates, those with names after they were looked up. */
  async #candidates(candidates: readonly SdpCandidate[], path: IcePath): Promise<void> {
    for (const candidate of candidates) {
      const named = candidate.transport === 'udp' && parseIp(candidate.address) === undefined;
      const address = named && this.#names++ < mostNames ? await this.#spec.resolve(candidate.address) : undefined;
      // One that can not be looked up goes in as it is: the agent says that it is skipped, and why.
      path.remoteCandidate(address === undefined ? candidate : { ...candidate, address });
    }
  }

  async #addresses(servers: readonly IceServer[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { host, port } of servers) {
      const ip = parseIp(host) ?? parseIp((await this.#spec.resolve(host)) ?? '');
      if (ip) found.push(socketText(ip, port));
      else this.#search.note(`the STUN server ${host} that signalling named is not known`);
    }
    return found;
  }

  /** A relay that signalling gave us; the agent hears of its address, and what goes wrong is in its facts. */
  async #relay({ host, port, username, credential }: IceServer): Promise<void> {
    const transport = await this.#spec.connect(host, port);
    if (!transport) {
      this.#search.note(`there is no way to the TURN server ${host}:${port} that signalling named`);
      return;
    }
    if (this.#over) {
      transport.close();
      return;
    }
    const credentials = username === undefined ? undefined : { username, password: credential ?? '' };
    await this.#bases.allocate(transport, credentials, undefined);
  }

  #fact(fact: Extract<PathNews, { readonly kind: 'signalling' }>['fact']): void {
    this.#tell({ kind: 'signalling', fact });
  }

  #refused(by: string, why: string): Found {
    this.#search.refused(by, why);
    return this.#lose(why);
  }

  #lose(why: string): Found {
    this.abandon();
    return { ok: false, why };
  }
}

/** Both descriptions. `by` is who refused; undefined where nobody did, and nothing came of it. */
type Met =
  | {
      readonly ok: true;
      readonly own: Description;
      readonly peers: Description;
      readonly weOffered: boolean;
      readonly iceServers: readonly IceServer[];
    }
  | { readonly ok: false; readonly by: string | undefined; readonly why: string };

/** What an answer of ours claims where the offer leaves the choice. */
const claimOf = (setup: SignalledSpec['setup'], preferred: Role): 'active' | 'passive' =>
  setup === 'actpass' ? (preferred === 'client' ? 'active' : 'passive') : setup;

const lost: Found & { readonly ok: false } = { ok: false, why: 'nobody waits any more' };

/** A candidate as SDP writes it. */
function toSdp({ kind, address, base, priority, foundation }: LocalCandidate): OwnCandidate {
  const place = split(address);
  const related = kind === 'host' ? undefined : split(base);
  return {
    ...{ foundation, component: 1, transport: 'udp', priority, type: kind },
    ...place,
    relatedAddress: related?.address,
    relatedPort: related?.port,
  };
}

const split = (text: string): { readonly address: string; readonly port: number } => {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
};

/** 62 bits, so that it fits what everybody reads it as (RFC 8829 §5.2.1). */
const sessionId = (random: RandomSource): string => {
  let value = 0n;
  for (const byte of random(8)) value = (value << 8n) | BigInt(byte);
  return (value & ((1n << 62n) - 1n)).toString();
};
