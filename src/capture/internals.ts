/**
 * Dumps of chrome://webrtc-internals: what the browser's own side of a call says. Session descriptions, ICE candidates and
 * states, what getStats tells of DTLS and of certificates; no datagrams. Joined to a capture of the same call
 * (`src/analysis/calls.ts`) it brings the roles and fingerprints that signalling announced.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { readCandidate, readDescription, rolesOf, unwrap, usableFingerprints } from '../ice/sdp.ts';
import type { Call, CallFact } from '../trace/calls.ts';
import { maskedSdp } from '../trace/pathFacts.ts';
import type { Problem } from '../trace/problem.ts';

export interface InternalsReading {
  readonly calls: readonly Call[];
  readonly problems: readonly Problem[];
}

/** Larger dumps are refused: text of this size still fits a JavaScript string well. Bytes. */
const largestDump = 128 * 1024 * 1024;
/** Peer connections, and events of one, that are read. */
const mostCalls = 200;
const mostEvents = 20_000;

/** Whether a text that begins so may be a dump. */
export const looksLikeInternals = (head: string): boolean =>
  head.startsWith('{') &&
  !head.includes('"file_schema"') &&
  /"(PeerConnections|getUserMedia|getDisplayMedia|UserAgent)"/.test(head);

/** Reads a dump; undefined when it is none. Never throws. */
export function readInternals(bytes: Uint8Array): InternalsReading | undefined {
  if (bytes.length > largestDump) return undefined;
  let dump: unknown;
  try {
    dump = JSON.parse(fromUtf8(bytes));
  } catch {
    return looksLikeInternals(fromUtf8(bytes.subarray(0, 4096)).trimStart())
      ? {
          calls: [],
          problems: [{ code: 'broken', offset: undefined, why: 'a webrtc-internals dump that is cut or no JSON' }],
        }
      : undefined;
  }
  const connections = objectOf(objectOf(dump)?.['PeerConnections']);
  if (!connections) return undefined;
  const all = Object.entries(connections);
  const calls = all.slice(0, mostCalls).map(([id, connection]) => callOf(id, objectOf(connection) ?? {}));
  const more = all.length - calls.length;
  const why = `only the first ${mostCalls} peer connections were read`;
  return { calls, problems: more > 0 ? [{ code: 'limit', offset: undefined, why }] : [] };
}

type Json = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function callOf(id: string, connection: Json): Call {
  const log = Array.isArray(connection['updateLog']) ? connection['updateLog'].slice(0, mostEvents) : [];
  const reader = new CallReader();
  for (const entry of log) {
    const event = objectOf(entry);
    const at = timeOf(event?.['timestamp'] ?? event?.['time']);
    if (event) reader.take(textOf(event['type']) ?? '', textOf(event['value']) ?? '', at);
  }
  reader.stats(objectOf(connection['stats']) ?? {});
  return { id, url: textOf(connection['url']), ...reader.call() };
}

/** Milliseconds since 1970; new dumps have numbers, older ones what `toLocaleString` made of them. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : Date.parse(textOf(value) ?? '');
  return Number.isFinite(ms) ? ms : undefined;
}

class CallReader {
  readonly #facts: CallFact[] = [];
  readonly #ufrags = new Set<string>();
  readonly #addresses = new Set<string>();
  readonly #descriptions: Partial<
    Record<'ours' | 'peers', { readonly type: 'offer' | 'answer'; readonly sdp: string }>
  > = {};
  #at: number | undefined;
  #ice = 'new';

  take(type: string, value: string, at: number | undefined): void {
    this.#at = at ?? this.#at;
    // "onicecandidate" is what older dumps called "icecandidate".
    switch (type.toLowerCase().replace(/^on/, '')) {
      // A page that leaves it to the browser gives no description; its success has it (Chromium 156).
      case 'setlocaldescription':
      case 'setlocaldescriptiononsuccess':
        this.#description('ours', value);
        return;
      case 'setremotedescription':
        this.#description('peers', value);
        return;
      case 'icecandidate':
        this.#candidate('ours', value);
        return;
      case 'addicecandidate':
        this.#candidate('peers', value);
        return;
      case 'iceconnectionstatechange': {
        const state = stateIn(value);
        if (state === undefined || state === this.#ice) return;
        this.#fact({
          kind: 'ice',
          fact: { kind: 'state', from: this.#ice, to: state, because: 'the browser says so' },
        });
        this.#ice = state;
        return;
      }
      default:
    }
  }

  /** What getStats said last of the transport: states, versions, suites. */
  stats(stats: Json): void {
    const last = (name: string): string | undefined => {
      // "T01-dtlsState": { "statsType": "transport", "values": "[\"new\",\"connected\"]" }
      for (const [key, entry] of Object.entries(stats)) {
        const series = objectOf(entry);
        if (!key.endsWith(`-${name}`) || series?.['statsType'] !== 'transport') continue;
        const values = valuesOf(series['values']);
        const found = values.at(-1);
        if (typeof found === 'string' && found !== '') return found.slice(0, 100);
      }
      return undefined;
    };
    const dtls = last('dtlsState');
    if (dtls === undefined) return;
    this.#fact({
      kind: 'signalling',
      fact: {
        kind: 'stack',
        connection: this.#ice,
        ice: last('iceState'),
        dtls,
        version: last('tlsVersion'),
        cipher: last('dtlsCipher'),
        group: undefined,
        srtp: last('srtpCipher'),
        role: last('dtlsRole'),
        error: undefined,
      },
    });
  }

  call(): Omit<Call, 'id' | 'url'> {
    this.#roles();
    return { ufrags: [...this.#ufrags], addresses: [...this.#addresses], facts: this.#facts };
  }

  #fact(fact: CallFact['event']): void {
    this.#facts.push({ at: this.#at, event: fact });
  }

  #description(of: 'ours' | 'peers', value: string): void {
    // "type: offer, sdp: v=0…", or the JSON of an RTCSessionDescription.
    const plain = /^\s*type: (offer|answer|pranswer), sdp: ([\s\S]*)$/.exec(value);
    const { sdp, type } = plain ? { sdp: plain[2] ?? '', type: plain[1] } : unwrap(value);
    if (!sdp.startsWith('v=') || (type !== 'offer' && type !== 'answer')) return;
    if (this.#descriptions[of]?.sdp === sdp) return;
    this.#descriptions[of] = { type, sdp };
    this.#fact({ kind: 'signalling', fact: { kind: 'description', of, type, sdp: maskedSdp(sdp) } });
    for (const transport of readDescription(sdp, type).transports) {
      if (transport.ufrag) this.#ufrags.add(transport.ufrag.value);
      for (const { address, port } of transport.candidates) this.#addresses.add(socket(address, port));
    }
  }

  #candidate(of: 'ours' | 'peers', value: string): void {
    const text = /candidate:\S+ \d+ \S+ \d+ \S+ \d+ typ \w+[^,]*/.exec(value)?.[0];
    const candidate = text === undefined ? undefined : readCandidate(text);
    if (!candidate) return;
    const address = socket(candidate.address, candidate.port);
    this.#addresses.add(address);
    const fact = { kind: 'candidate', of, type: candidate.type, address, base: undefined, via: undefined } as const;
    this.#fact({ kind: 'ice', fact });
  }

  /** Who is the DTLS client, and which certificates were announced, of the first transport. */
  #roles(): void {
    const { ours, peers } = this.#descriptions;
    if (!ours || !peers || ours.type === peers.type) return;
    const own = readDescription(ours.sdp, ours.type);
    const other = readDescription(peers.sdp, peers.type);
    const [offer, answer] = ours.type === 'offer' ? [own, other] : [other, own];
    const [first] = rolesOf(offer, answer);
    if (!first) return;
    const { roles } = first;
    const client = roles.kind === 'decided' ? roles.client : undefined;
    const role = client === undefined ? undefined : client === ours.type ? 'client' : 'server';
    this.#fact({
      kind: 'signalling',
      fact: { kind: 'roles', result: roles.kind, client, ours: undefined, note: role && `the browser is the ${role}` },
    });
    if (role === undefined) return;
    const announced = [
      [role, own],
      [role === 'client' ? 'server' : 'client', other],
    ] as const;
    for (const [of, { transports, session }] of announced) {
      const [transport] = transports;
      const ufrag = transport?.ufrag?.value;
      for (const { hash, value } of usableFingerprints(transport?.fingerprints ?? session.fingerprints))
        this.#fact({ kind: 'fingerprint', of, hash, value, ufrag });
    }
  }
}

const socket = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** `"connected"`, `connected`, or `{"state":"connected"}`. */
const stateIn = (value: string): string | undefined =>
  /\b(new|checking|connected|completed|disconnected|failed|closed)\b/.exec(value)?.[1];

function valuesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  try {
    const parsed: unknown = JSON.parse(textOf(value) ?? '');
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
