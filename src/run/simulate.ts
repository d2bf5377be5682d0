/**
 * Two endpoints in memory on a virtual clock: a handshake without network, in no time, the same byte for byte whenever
 * the scenario is the same. All randomness comes from the seed, so its keys are worthless; the trace says `simulation`.
 */
import { Prng } from '../base/random.ts';
import { after, earlier, type Instant, instant } from '../base/time.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig, SessionTicket } from '../engine/api.ts';
import { createEndpoint } from '../engine/index.ts';
import type { Direction, LinkRule } from '../link/api.ts';
import { createLink } from '../link/link.ts';
import type { Step } from '../scenario/index.ts';
import type { Actor, Address, Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { Run } from './api.ts';
import { ownContents } from './contents.ts';
import { announced, linkFact, runLimits } from './driver.ts';
import { Side } from './side.ts';
import { SimulatedEnd } from './simulatedEnd.ts';
import { StepRunner } from './steps.ts';

export interface SimulationSpec {
  readonly header: TraceHeader;
  readonly client: EndpointConfig;
  readonly server: EndpointConfig;
  /** Whose options these are: link rules take its sending for `out`. */
  readonly ours: Actor;
  readonly rules: readonly LinkRule[];
  readonly seed: number;
  readonly crypto: CryptoProvider;
  /** What the side that is described does once it is established; the other side echoes. */
  readonly steps?: readonly Step[] | undefined;
  /** Time after both ends are established, and steps done, before the client closes. ms, virtual */
  readonly lingerMs: number;
  /** Longest time of the whole run. ms, virtual */
  readonly timeoutMs: number;
}

/** Addresses of documentation (RFC 5737), so that nobody takes them for real ones. */
export const simulatedAddress: Readonly<Record<Actor, Address>> = {
  client: '192.0.2.1:50000',
  server: '192.0.2.2:4433',
};

/** Runs a whole handshake; throws a `RangeError` for a configuration that no endpoint could work with. */
export function simulate(spec: SimulationSpec): Trace {
  const recorder = new TraceRecorder(spec.header);
  const link = createLink(spec.rules, spec.seed);
  const prng = new Prng(spec.seed);
  const start = instant(0);
  let datagrams = 0;

  const directionOf = (actor: Actor): Direction => (actor === spec.ours ? 'out' : 'in');
  const end = (config: EndpointConfig): SimulatedEnd => {
    const { role } = config;
    const peer = simulatedAddress[role === 'client' ? 'server' : 'client'];
    const random = prng.fork(role).bytes;
    const own = role === spec.ours;
    return new SimulatedEnd(
      config,
      // Who is asked for one handshake alone is an endpoint, and no listener.
      !own && (spec.steps ?? []).some(({ kind }) => kind === 'restart'),
      (settings) =>
        new Side(
          createEndpoint(settings, { crypto: spec.crypto, random, peer }),
          (event: TraceEvent) => recorder.push(event),
          ({ to, bytes, contents }, now) => {
            const packet = recorder.nextPacket();
            datagrams++;
            const src = simulatedAddress[role];
            const { length } = bytes;
            recorder.push({ kind: 'datagram', at: now, packet, src, dst: to, from: role, bytes, length, contents });
            const offered = { direction: directionOf(role), packet, bytes, contents: ownContents(contents) };
            for (const event of link.offer(offered, now)) recorder.push(linkFact(event, now, start));
            return now;
          },
          (now) => now,
          own
            ? {
                keep: (session) => {
                  sessions = [session, ...sessions];
                },
                hear: (event, now) => steps.hear(event, now),
              }
            : { echo: true },
        ),
    );
  };
  let sessions: readonly SessionTicket[] = [];
  const client = end(spec.client);
  const server = end(spec.server);
  const [own, ownConfig] = spec.ours === 'client' ? [client, spec.client] : [server, spec.server];
  const steps = new StepRunner(spec.steps ?? [], {
    actor: spec.ours,
    connectedAt: () => own.side.connectedAt,
    unacknowledged: () => own.side.endpoint.unacknowledged,
    over: () => own.side.over,
    mostData: (aboveMtu) => own.side.endpoint.mostData(aboveMtu),
    give: (input, now) => own.side.handle(input, now),
    restart: (resume, now) => {
      own.replace(resume ? { ...ownConfig, resume: sessions } : ownConfig, now);
      return resume && sessions.length > 0;
    },
    tell: (event) => recorder.push(event),
    timeOf: (now) => now,
  });
  const receiver = (direction: Direction): SimulatedEnd => (directionOf('client') === direction ? server : client);
  const sender = (direction: Direction): SimulatedEnd => (receiver(direction) === server ? client : server);

  for (const config of [spec.client, spec.server]) for (const event of announced(config)) recorder.push(event);
  server.side.handle({ kind: 'start' }, start);
  client.side.handle({ kind: 'start' }, start);

  let now: Instant = start;
  let closed = false;
  let why: string | undefined;
  for (;;) {
    for (const { direction, size } of link.notices(now)) sender(direction).side.handle({ kind: 'too-big', size }, now);
    for (let due = link.take(now); due.length > 0; due = link.take(now))
      for (const { direction, packet, bytes } of due) {
        const to = receiver(direction);
        const from = simulatedAddress[to === server ? 'client' : 'server'];
        to.receive({ kind: 'datagram', bytes, from }, now, packet);
      }
    client.wake(now);
    server.wake(now);
    steps.proceed(now);
    const ends = [client, server];
    const settled = steps.settled && (steps.settledAt !== undefined || ends.every(isDecided));
    const lastAt = Math.max(...ends.map(({ side }) => side.connectedAt ?? 0), steps.settledAt ?? 0) as Instant;
    const closeAt = settled && !closed ? after(lastAt, spec.lingerMs) : undefined;
    if (closeAt !== undefined && closeAt <= now) {
      closed = true;
      // The client closes, and the server answers; a failed client leaves it to the server.
      const closer = client.side.over ? server.side : client.side;
      if (!closer.over) closer.handle({ kind: 'close' }, now);
      continue;
    }
    const over = closed || (steps.settled && ends.every((one) => one.over));
    const next = [link.next(), ...(over ? [] : [closeAt, steps.wait, client.wait, server.wait])];
    const wakeAt = next.reduce<Instant | undefined>(earlier, undefined);
    if (wakeAt === undefined) break;
    if (wakeAt > spec.timeoutMs) {
      now = instant(spec.timeoutMs);
      why = `the time of ${spec.timeoutMs} ms was up`;
      break;
    }
    if (datagrams > runLimits.datagrams) {
      why = 'more datagrams came than a run keeps';
      break;
    }
    if (wakeAt > now) now = wakeAt;
  }
  steps.cut(why ?? 'it was over', now);
  recorder.push({ kind: 'end', at: now, how: 'done', why });
  return recorder;
}

/** Its handshake is complete, or has come to nothing. */
const isDecided = ({ side }: SimulatedEnd): boolean => side.connectedAt !== undefined || side.over;

/** A simulation in the clothes of a run, for whoever drives both: all of it is over before anybody can listen. */
export function simulatedRun(spec: SimulationSpec): Run {
  const { header, events } = simulate(spec);
  return {
    header,
    subscribe: (hear) => {
      for (const event of events) hear(event);
      return () => {};
    },
    stop: () => {},
    finished: Promise.resolve(),
  };
}
