/** Joins what one end recorded of its calls to a capture: by the user fragments in STUN, else by addresses. */
import { fromUtf8 } from '../base/bytes.ts';
import type { Call, CallFact } from '../trace/calls.ts';
import type { Trace, TraceEvent } from '../trace/model.ts';
import { StunScan } from './stunScan.ts';

export interface Joined {
  readonly trace: Trace;
  /** Which calls were found in it, and by what. */
  readonly found: readonly { readonly call: Call; readonly by: 'user fragment' | 'address' }[];
}

/** The trace with the facts of the calls that it shows. Their clock is that of another program: facts never stand before it. */
export function joinCalls(trace: Trace, calls: readonly Call[]): Joined {
  const ufrags = new Set<string>();
  const addresses = new Set<string>();
  const scan = new StunScan();
  for (const event of trace.events) {
    if (event.kind !== 'datagram') continue;
    addresses.add(event.src).add(event.dst);
    if ((event.bytes[0] ?? 255) > 3) continue;
    const username = scan.read(event.bytes) ? scan.username : undefined;
    if (username) for (const half of fromUtf8(event.bytes.subarray(...username)).split(':')) ufrags.add(half);
  }
  const found = calls.flatMap((call): Joined['found'] => {
    if (call.ufrags.some((ufrag) => ufrags.has(ufrag))) return [{ call, by: 'user fragment' }];
    return call.addresses.some((address) => addresses.has(address)) ? [{ call, by: 'address' }] : [];
  });
  // An address may be that of any call of a machine: it counts when no user fragment tells.
  const sure = found.filter(({ by }) => by === 'user fragment');
  const kept = sure.length > 0 ? sure : found.length === 1 ? found : [];
  const start = trace.header.startedAt ?? 0;
  const placed = kept.flatMap(({ call, by }) => call.facts.map((fact) => eventOf(fact, start, by === 'user fragment')));
  placed.sort((a, b) => a.at - b.at);
  return { trace: { header: trace.header, events: [...placed, ...trace.events] }, found: kept };
}

function eventOf({ at, event }: CallFact, start: number, named: boolean): TraceEvent {
  const time = at === undefined ? 0 : Math.max(0, at - start);
  // Without STUN no handshake has a user fragment to be told by.
  return event.kind === 'fingerprint' && !named ? { ...event, at: time, ufrag: undefined } : { ...event, at: time };
}
