/**
 * Traces made to order: a simulation under link rules, and what a capture at one of its ends would show of it. The
 * simulation knows what was lost and who was connected; the capture does not, so that one can be held against the other.
 */
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { EndpointConfig, Role } from '../../src/engine/api.ts';
import { defaultConfig } from '../../src/engine/index.ts';
import { simulate } from '../../src/run/index.ts';
import { parseLinkRule, parseStep } from '../../src/scenario/index.ts';
import type { Actor, DatagramEvent, Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

export const simulationHeader: TraceHeader = {
  tool: 'dtlscope test',
  kind: 'simulation',
  startedAt: undefined,
  title: undefined,
  localRole: undefined,
  commandLine: undefined,
};
export const captureHeader: TraceHeader = { ...simulationHeader, kind: 'capture' };

export interface Simulated {
  readonly rules?: readonly string[];
  readonly client?: Partial<EndpointConfig>;
  readonly server?: Partial<EndpointConfig>;
  readonly seed?: number;
  readonly lingerMs?: number;
  readonly timeoutMs?: number;
  /** What the client does once it is established. */
  readonly steps?: readonly string[];
}

/** What an end has unless a test says otherwise. */
export const configured = (role: Role, more: Partial<EndpointConfig> = {}): EndpointConfig => ({
  ...defaultConfig(role),
  versions: ['1.2'],
  credentials:
    role === 'client'
      ? [bundledTestCredential('ecdsa-p256-a')]
      : [bundledTestCredential('ecdsa-p256-b'), bundledTestCredential('rsa-2048')],
  srtpProfiles: [7, 1],
  ...more,
});

export function simulated(options: Simulated = {}): Trace {
  const rules = (options.rules ?? []).map((text) => {
    const parsed = parseLinkRule(text);
    if (!parsed.ok) throw new Error(`no link rule: ${text}`);
    return parsed.value;
  });
  return simulate({
    header: simulationHeader,
    client: configured('client', options.client),
    server: configured('server', options.server),
    ours: 'client',
    rules,
    seed: options.seed ?? 1,
    crypto: nodeProvider,
    lingerMs: options.lingerMs ?? 1000,
    timeoutMs: options.timeoutMs ?? 600_000,
    steps: (options.steps ?? []).map((text) => {
      const parsed = parseStep(text);
      if (!parsed.ok) throw new Error(`no step: ${text}`);
      return parsed.value;
    }),
  });
}

/** When a datagram reached the other side, and what of it; nothing when it was lost. */
function arrivals(trace: Trace): Map<number, { readonly at: number; readonly bytes: number }[]> {
  const out = new Map<number, { at: number; bytes: number }[]>();
  for (const event of trace.events) {
    if (event.kind === 'datagram') out.set(event.packet, [{ at: event.at, bytes: event.length }]);
    if (event.kind !== 'link') continue;
    const { action, packet } = event;
    const known = out.get(packet) ?? [];
    if (action.kind === 'lost' || action.kind === 'too-large' || action.kind === 'queue-full') out.set(packet, []);
    else if (action.kind === 'duplicated') known.push({ at: action.at, bytes: known[0]?.bytes ?? 0 });
    else if (action.kind === 'truncated') out.set(packet, [{ at: action.at, bytes: action.to }]);
    else out.set(packet, [{ at: action.at, bytes: known[0]?.bytes ?? 0 }, ...known.slice(1)]);
  }
  return out;
}

/** What a capture at one end of a simulation holds: all that this end sent, and what arrived there. */
export function captureAt(trace: Trace, end: Actor, keys = true): Trace {
  const arrived = arrivals(trace);
  const seen = trace.events.flatMap((event): DatagramEvent[] => {
    if (event.kind !== 'datagram') return [];
    const bare = { ...event, from: undefined, contents: undefined };
    if (event.from === end) return [bare];
    return (arrived.get(event.packet) ?? []).map(({ at, bytes }) => ({
      ...bare,
      at,
      bytes: event.bytes.subarray(0, bytes),
      length: Math.min(bytes, event.length),
    }));
  });
  const datagrams = seen
    .map((event, order) => ({ event, order }))
    .sort((a, b) => a.event.at - b.event.at || a.order - b.order)
    .map(({ event }, index) => ({ ...event, packet: index + 1 }));
  const secrets: TraceEvent[] = keys
    ? trace.events.filter((event) => event.kind === 'secret').map((event) => ({ ...event, at: 0 }))
    : [];
  return { header: captureHeader, events: [...secrets, ...datagrams] };
}
