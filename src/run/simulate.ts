/**
 * Two endpoints in memory on a virtual clock: a handshake without network, in no time, the same byte for byte whenever
 * the scenario is the same. All randomness comes from the seed, so its keys are worthless; the trace says `simulation`.
 */
import { Prng } from '../base/random.ts';
import { after, earlier, type Instant, instant } from '../base/time.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig } from '../engine/api.ts';
import { createEndpoint } from '../engine/index.ts';
import type { Direction, LinkRule } from '../link/api.ts';
import { createLink } from '../link/link.ts';
import type { Actor, Address, Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { Run } from './api.ts';
import { ownContents } from './contents.ts';
import { announced, linkFact, runLimits } from './driver.ts';
import { Side } from './side.ts';

export interface SimulationSpec {
  readonly header: TraceHeader;
  readonly client: EndpointConfig;
  readonly server: EndpointConfig;
  /** Whose options these are: link rules take its sending for `out`. */
  readonly ours: Actor;
  readonly rules: readonly LinkRule[];
  readonly seed: number;
  readonly crypto: CryptoProvider;
  /** Time after both ends are established before the client closes. ms, virtual */
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
  const side = (config: EndpointConfig): Side => {
    const { role } = config;
    const peer = simulatedAddress[role === 'client' ? 'server' : 'client'];
    const random = prng.fork(role).bytes;
    return new Side(
      createEndpoint(config, { crypto: spec.crypto, random, peer }),
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
    );
  };
  const client = side(spec.client);
  const server = side(spec.server);
  const receiver = (direction: Direction): Side => (directionOf('client') === direction ? server : client);

  const sender = (direction: Direction): Side => (receiver(direction) === server ? client : server);

  for (const config of [spec.client, spec.server]) for (const event of announced(config)) recorder.push(event);
  server.handle({ kind: 'start' }, start);
  client.handle({ kind: 'start' }, start);

  let now: Instant = start;
  let closed = false;
  let why: string | undefined;
  for (;;) {
    for (const { direction, size } of link.notices(now)) sender(direction).handle({ kind: 'too-big', size }, now);
    for (let due = link.take(now); due.length > 0; due = link.take(now))
      for (const { direction, packet, bytes } of due) {
        const to = receiver(direction);
        const from = simulatedAddress[to === server ? 'client' : 'server'];
        to.handle({ kind: 'datagram', bytes, from }, now, packet);
      }
    client.wake(now);
    server.wake(now);
    const settled = [client, server].every(({ connectedAt, over }) => connectedAt !== undefined || over);
    const lastConnected = Math.max(client.connectedAt ?? 0, server.connectedAt ?? 0) as Instant;
    const closeAt = settled && !closed ? after(lastConnected, spec.lingerMs) : undefined;
    if (closeAt !== undefined && closeAt <= now) {
      closed = true;
      // The client closes, and the server answers; a failed client leaves it to the server.
      const closer = client.over ? server : client;
      if (!closer.over) closer.handle({ kind: 'close' }, now);
      continue;
    }
    const over = closed || (client.over && server.over);
    const next = [
      link.next(),
      over ? undefined : closeAt,
      ...[client, server].map((end) => (over || end.over ? undefined : end.wait)),
    ];
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
  recorder.push({ kind: 'end', at: now, how: 'done', why });
  return recorder;
}

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
