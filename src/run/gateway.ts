/**
 * A WebRTC gateway for many clients: each offer that comes by WHIP or WHEP is a session with sockets, an ICE-lite agent, an
 * endpoint, a link and a trace of its own. How many there can be is bounded; the oldest whose handshake is not done makes
 * room. Who listens for HTTP is the caller's business.
 */
import { toHex } from '../base/bytes.ts';
import type { EndpointConfig, Fingerprint } from '../engine/api.ts';
import { readDescription, type SdpProblemId } from '../ice/sdp.ts';
import {
  begunAnswer,
  doneAnswer,
  readWhipRequest,
  refusedAnswer,
  type WhipAnswer,
  type WhipAsked,
  type WhipDemand,
} from '../ice/whipServer.ts';
import type { TraceHeader } from '../trace/model.ts';
import type { Run, Transport } from './api.ts';
import { OfferedSignalling } from './offered.ts';
import { type PathRunSpec, startPathRun } from './pathRun.ts';
import { findSignalledPath, type Settled } from './signalledPath.ts';

export interface GatewaySpec extends Omit<PathRunSpec, 'header' | 'find'> {
  /** Sockets for one session, on addresses that its client reaches. */
  readonly open: () => Promise<readonly Transport[]>;
  /** What our answer to an offer of actpass claims; where it leaves the choice, we are the server. */
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly fingerprints: readonly Fingerprint[];
  readonly config: (settled: Settled) => EndpointConfig;
  /** The bearer token that requests have to show; none when undefined. */
  readonly token: string | undefined;
  /** Sessions at once. */
  readonly maxSessions: number;
  /** Each session's header, by its client and its number (from 1). */
  readonly header: (client: string, number: number) => TraceHeader;
  /** A session has begun; its run ends by itself. */
  readonly began: (run: Run, client: string) => void;
}

interface Session {
  readonly run: Run;
  readonly etag: string;
  readonly ufrag: string;
  readonly signalling: OfferedSignalling;
  settled: boolean;
}

/** Faults of an offer that nothing can come of. */
const hopeless: readonly SdpProblemId[] = ['not-sdp', 'too-large', 'no-dtls', 'no-ice-credentials'];

export class Gateway {
  readonly #spec: GatewaySpec;
  /** By id, in the order in which they began. */
  readonly #sessions = new Map<string, Session>();
  #opening = 0;
  #number = 0;
  #stopped = false;

  constructor(spec: GatewaySpec) {
    this.#spec = spec;
  }

  /** Answers a request to a WHIP or WHEP path. `client` is whom it came from, as logs and traces name it. */
  async answer(asked: WhipAsked, client: string): Promise<WhipAnswer> {
    const demand = readWhipRequest(asked, this.#spec.token);
    switch (demand.kind) {
      case 'answered':
        return demand.answer;
      case 'begin':
        return this.#begin(demand, asked, client);
      case 'candidates':
        return this.#candidates(demand, asked);
      case 'end': {
        const session = this.#sessions.get(demand.session);
        if (!session) return unknownSession;
        note(session, asked, 200);
        session.run.stop();
        return doneAnswer(200);
      }
    }
  }

  /** Ends all sessions as `cancelled`, or closed where the handshake was done. */
  stop(): void {
    this.#stopped = true;
    for (const { run } of [...this.#sessions.values()]) run.stop();
  }

  async #begin(
    { as, offer }: Extract<WhipDemand, { readonly kind: 'begin' }>,
    asked: WhipAsked,
    client: string,
  ): Promise<WhipAnswer> {
    const { problems, transports } = readDescription(offer, 'offer');
    const wrong = problems.find(({ id }) => hopeless.includes(id));
    if (wrong) return refusedAnswer(400, `${wrong.line === undefined ? '' : `Line ${wrong.line}: `}${wrong.text}`);
    const ufrag = transports[0]?.ufrag?.value;
    if (ufrag === undefined) return refusedAnswer(400, 'The offer has no section that is on and wants DTLS.');
    if (!this.#room()) return refusedAnswer(503, 'All sessions are taken.', { 'retry-after': '10' });

    this.#opening++;
    let hosts: readonly Transport[];
    try {
      hosts = await this.#spec.open();
    } catch (error) {
      return refusedAnswer(500, `There is no socket: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#opening--;
    }
    if (this.#stopped) {
      for (const host of hosts) host.close();
      return refusedAnswer(503, 'This gateway is stopping.');
    }
    const { session, answer } = this.#start(as, offer, ufrag, hosts, client);
    const id = toHex(this.#spec.random(16));
    this.#sessions.set(id, session);
    void session.run.finished.then(() => this.#sessions.delete(id));
    this.#spec.began(session.run, client);
    const sdp = await answer;
    if (sdp === undefined) return refusedAnswer(422, 'This offer can be read, and leads to no answer of ours.');
    note(session, asked, 201);
    return begunAnswer(id, session.etag, sdp);
  }

  #start(
    as: string,
    offer: string,
    ufrag: string,
    hosts: readonly Transport[],
    client: string,
  ): { readonly session: Session; readonly answer: Promise<string | undefined> } {
    const { setup, fingerprints, config, seed, crypto, random } = this.#spec;
    const number = ++this.#number;
    let answered: (sdp: string | undefined) => void = () => {};
    const answer = new Promise<string | undefined>((resolve) => {
      answered = resolve;
    });
    const signalling = new OfferedSignalling({ offer, answered, closed: () => answered(undefined) });
    const run = startPathRun({
      ...this.#spec,
      header: this.#spec.header(`${as} ${client}`, number),
      // Each client has its own network, with dice of its own.
      seed: (seed + number - 1) >>> 0,
      find: (search) =>
        findSignalledPath(
          {
            signalling: (tell) => signalling.telling(tell),
            ...{ hosts, relay: undefined, setup, preferred: 'server', lite: true, kinds: [] },
            ...{ fingerprints, config, crypto, random },
            // Clients come to us: of names nothing is needed, and no server of theirs is asked.
            connect: () => Promise.resolve(undefined),
            resolve: () => Promise.resolve(undefined),
          },
          search,
        ),
    });
    const session: Session = { run, etag: `"${toHex(random(4))}"`, ufrag, signalling, settled: false };
    run.subscribe((event) => {
      if (event.kind === 'connected') session.settled = true;
    });
    return { session, answer };
  }

  /** RFC 9725 §4.3: candidates are taken, a restart of ICE is not. */
  #candidates(
    { session: id, ufrag, ifMatch, candidates }: Extract<WhipDemand, { readonly kind: 'candidates' }>,
    asked: WhipAsked,
  ): WhipAnswer {
    const session = this.#sessions.get(id);
    if (!session) return unknownSession;
    if (ifMatch !== session.etag && ifMatch !== '*')
      return refusedAnswer(412, 'The ETag in If-Match is not that of this ICE session.');
    if (ufrag !== undefined && ufrag !== session.ufrag)
      return refusedAnswer(
        422,
        'Another ICE session is a restart, which this gateway does not do: begin a new session.',
      );
    note(session, asked, 204);
    for (const candidate of candidates) session.signalling.candidate(candidate);
    return doneAnswer(204);
  }

  #room(): boolean {
    if (this.#sessions.size + this.#opening < this.#spec.maxSessions) return true;
    const waiting = [...this.#sessions.values()].find(({ settled }) => !settled);
    waiting?.run.stop();
    return waiting !== undefined;
  }
}

const unknownSession = refusedAnswer(404, 'There is no such session, or it is over.');

const note = ({ signalling }: Session, { method, path }: WhipAsked, status: number): void =>
  signalling.fact({ kind: 'http', method, url: path, status, ms: 0, note: undefined });
