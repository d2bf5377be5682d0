/**
 * A recorded fact as a qlog event, and back, exactly: what is undefined is left out, bytes are hexadecimal, numbers and
 * text are JSON's. Names are qlog's style (`dtls:datagram_sent`); where a name says more than the event's kind (sent or
 * received), the data says it again, so reading never depends on whose view the file is.
 */
import { toHex } from '../../base/bytes.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { DatagramContents, Failure, TraceParameters } from '../facts.ts';
import type { DatagramEvent, LinkAction, QueueState, TraceEvent, TraceHeader } from '../model.ts';
import { pathFactShape, pathProtocols, readPathFact } from '../pathFacts.ts';
import { readStepResult, stepResultShape } from '../stepFacts.ts';
import { FieldError, Fields, type Json } from './fields.ts';
import type { QlogEvent } from './schema.ts';

const actors = ['client', 'server'] as const;

/** Writes one event; `header` decides only how datagrams are called. */
export function toQlogEvent(event: TraceEvent, header: TraceHeader): QlogEvent {
  const named = (name: string, data: Record<string, unknown>): QlogEvent => ({ time: event.at, name, data });
  switch (event.kind) {
    case 'datagram':
      return named(datagramName(event, header), {
        packet: event.packet,
        src: event.src,
        dst: event.dst,
        from: event.from,
        raw: { length: event.length, data: toHex(event.bytes) },
        contents: event.contents && contentsToJson(event.contents),
      });
    case 'link':
      return named('simulation:marker', {
        type: 'link',
        message: `datagram ${event.packet}: ${event.action.kind} (${event.rule})`,
        packet: event.packet,
        action: event.action,
        rule: event.rule,
      });
    case 'timer':
      return named(`dtls:timer_${event.action}`, {
        actor: event.actor,
        flight: event.flight,
        attempt: event.attempt,
        duration: event.durationMs,
      });
    case 'state':
      return named('dtls:state_updated', {
        actor: event.actor,
        old: event.from,
        new: event.to,
        trigger: event.because,
      });
    case 'dropped':
      return named('dtls:datagram_dropped', {
        actor: event.actor,
        packet: event.packet,
        reason: event.reason,
        offset: event.offset,
        detail: event.detail,
      });
    case 'secret':
      return named('dtls:secret_updated', {
        label: event.label,
        client_random: toHex(event.clientRandom),
        secret: toHex(event.secret),
      });
    case 'alert':
      return named(`dtls:alert_${event.direction}`, {
        actor: event.actor,
        level: event.level,
        description: event.description,
      });
    case 'connected':
      return named('dtls:connected', { actor: event.actor, ...parametersToJson(event.parameters) });
    case 'failed':
      return named('dtls:failed', { actor: event.actor, failure: event.failure });
    case 'closed':
      return named('dtls:closed', { actor: event.actor, by: event.by });
    case 'fingerprint':
      return named('dtls:fingerprint_announced', {
        of: event.of,
        hash: event.hash,
        value: toHex(event.value),
        ufrag: event.ufrag,
      });
    case 'refused':
      return named('dtls:refused', { by: event.by, why: event.why, src: event.src, dst: event.dst });
    case 'ice':
    case 'turn':
    case 'signalling': {
      const { kind, ...data } = event.fact;
      return named(`${event.kind}:${kind}`, data);
    }
    case 'data':
      return named(`dtls:data_${event.direction}`, { actor: event.actor, length: event.length });
    case 'step': {
      const { actor, number, count, step, state } = event;
      const head = { actor, number, count, step };
      if (state === 'begun') return named('dtls:step_begun', head);
      const { kind: result, ...details } = event.result;
      return named(`dtls:step_${state}`, { ...head, result, ...details });
    }
    case 'note':
      return named('loglevel:info', { message: event.text });
    case 'end':
      return named('dtls:ended', { how: event.how, why: event.why });
    default:
      return unreachable(event);
  }
}

export type EventReading =
  | { readonly kind: 'event'; readonly event: TraceEvent }
  /** Derived, from another schema, or from a newer minor version. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'broken'; readonly why: string };

/** Reads one event of a file. Never throws. */
export function fromQlogEvent({ time, name, data }: QlogEvent): EventReading {
  const reader = readers.get(name);
  if (!reader) return readPath(time, name, data);
  try {
    const event = reader(time, new Fields(data));
    return event ? { kind: 'event', event } : { kind: 'ignored' };
  } catch (error) {
    if (error instanceof FieldError) return { kind: 'broken', why: `${name}: ${error.message}` };
    throw error;
  }
}

/** `ice:selected`, `turn:allocated`, `signalling:problem`: the name is protocol and kind. */
function readPath(at: number, name: string, data: Json): EventReading {
  const [namespace, kind = ''] = name.split(':', 2);
  const protocol = pathProtocols.find((known) => known === namespace);
  // A kind that a newer minor version has.
  if (!protocol || !pathFactShape(protocol, kind)) return { kind: 'ignored' };
  const read = readPathFact(protocol, { ...data, kind });
  if (!read.ok) return { kind: 'broken', why: `${name}: ${read.field} is missing or of another type` };
  // Which facts belong to which protocol, `readPathFact` knows; the union of both is what an event is.
  return { kind: 'event', event: { kind: protocol, at, fact: read.fact } as TraceEvent };
}

type Read = (at: number, data: Fields) => TraceEvent | undefined;

const datagram: Read = (at, data) => {
  const raw = data.object('raw');
  const bytes = raw.bytes('data');
  const length = raw.count('length');
  if (length < bytes.length) throw new FieldError('raw.length is smaller than raw.data');
  return {
    kind: 'datagram',
    at,
    packet: data.count('packet'),
    src: data.text('src'),
    dst: data.text('dst'),
    from: data.optional('from', (name) => data.oneOf(name, actors)),
    bytes,
    length,
    contents: data.optional('contents', (name) => contentsFromJson(data.object(name))),
  };
};

const timer =
  (action: 'set' | 'fired' | 'cancelled'): Read =>
  (at, data) => ({
    kind: 'timer',
    at,
    actor: data.oneOf('actor', actors),
    action,
    flight: data.count('flight'),
    attempt: data.count('attempt'),
    durationMs: data.number('duration'),
  });

const alert =
  (direction: 'sent' | 'received'): Read =>
  (at, data) => ({
    kind: 'alert',
    at,
    actor: data.oneOf('actor', actors),
    direction,
    level: data.count('level'),
    description: data.count('description'),
  });

const data =
  (direction: 'sent' | 'received'): Read =>
  (at, fields) => ({
    kind: 'data',
    at,
    actor: fields.oneOf('actor', actors),
    direction,
    length: fields.count('length'),
  });

const step =
  (state: 'begun' | 'done' | 'failed'): Read =>
  (at, data) => {
    const head = {
      kind: 'step',
      at,
      actor: data.oneOf('actor', actors),
      number: data.count('number'),
      count: data.count('count'),
      step: data.text('step'),
    } as const;
    if (state === 'begun') return { ...head, state };
    const kind = data.text('result');
    // A way to end that a newer minor version has.
    if (!stepResultShape(state, kind)) return undefined;
    const read = readStepResult(state, { ...data.all, kind });
    if (!read.ok) throw new FieldError(`${read.field} is missing or of another type`);
    // Which results belong to which state, `readStepResult` knows.
    return { ...head, state, result: read.fact } as TraceEvent;
  };

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['dtls:datagram_sent', datagram],
  ['dtls:datagram_received', datagram],
  ['dtls:datagram_observed', datagram],
  [
    'simulation:marker',
    (at, data) => {
      // Other tools put markers too; ours say so.
      if (data.raw('type') !== 'link') return undefined;
      const action = linkAction(data.object('action'));
      return { kind: 'link', at, packet: data.count('packet'), action, rule: data.text('rule') };
    },
  ],
  ['dtls:timer_set', timer('set')],
  ['dtls:timer_fired', timer('fired')],
  ['dtls:timer_cancelled', timer('cancelled')],
  [
    'dtls:state_updated',
    (at, data) => ({
      kind: 'state',
      at,
      actor: data.oneOf('actor', actors),
      from: data.text('old'),
      to: data.text('new'),
      because: data.text('trigger'),
    }),
  ],
  [
    'dtls:datagram_dropped',
    (at, data) => ({
      kind: 'dropped',
      at,
      actor: data.oneOf('actor', actors),
      packet: data.optional('packet', (name) => data.count(name)),
      reason: data.text('reason'),
      offset: data.optional('offset', (name) => data.count(name)),
      detail: data.optional('detail', (name) => data.text(name)),
    }),
  ],
  [
    'dtls:secret_updated',
    (at, data) => ({
      kind: 'secret',
      at,
      label: data.text('label'),
      clientRandom: data.bytes('client_random'),
      secret: data.bytes('secret'),
    }),
  ],
  ['dtls:data_sent', data('sent')],
  ['dtls:data_received', data('received')],
  ['dtls:step_begun', step('begun')],
  ['dtls:step_done', step('done')],
  ['dtls:step_failed', step('failed')],
  ['dtls:alert_sent', alert('sent')],
  ['dtls:alert_received', alert('received')],
  [
    'dtls:connected',
    (at, data) => ({
      kind: 'connected',
      at,
      actor: data.oneOf('actor', actors),
      parameters: parametersFromJson(data),
    }),
  ],
  [
    'dtls:failed',
    (at, data) => ({
      kind: 'failed',
      at,
      actor: data.oneOf('actor', actors),
      failure: failureFrom(data.object('failure')),
    }),
  ],
  [
    'dtls:closed',
    (at, data) => ({
      kind: 'closed',
      at,
      actor: data.oneOf('actor', actors),
      by: data.oneOf('by', ['peer', 'us'] as const),
    }),
  ],
  [
    'dtls:fingerprint_announced',
    (at, data) => {
      const ufrag = data.optional('ufrag', (name) => data.text(name));
      const announced = { of: data.oneOf('of', actors), hash: data.text('hash'), value: data.bytes('value') };
      return { kind: 'fingerprint', at, ...announced, ...(ufrag === undefined ? {} : { ufrag }) };
    },
  ],
  [
    'dtls:refused',
    (at, data) => {
      const src = data.optional('src', (name) => data.text(name));
      const dst = data.optional('dst', (name) => data.text(name));
      const flow = src === undefined || dst === undefined ? {} : { src, dst };
      return { kind: 'refused', at, by: data.text('by'), why: data.text('why'), ...flow };
    },
  ],
  ['loglevel:info', (at, data) => ({ kind: 'note', at, text: data.text('message') })],
  [
    'dtls:ended',
    (at, data) => ({
      kind: 'end',
      at,
      how: data.oneOf('how', ['done', 'cancelled', 'interrupted'] as const),
      why: data.optional('why', (name) => data.text(name)),
    }),
  ],
]);

function datagramName(event: DatagramEvent, header: TraceHeader): string {
  if (header.localRole === undefined || event.from === undefined) return 'dtls:datagram_observed';
  return event.from === header.localRole ? 'dtls:datagram_sent' : 'dtls:datagram_received';
}

function linkAction(data: Fields): LinkAction {
  const kinds = [
    'delivered',
    'lost',
    'too-large',
    'queue-full',
    'queued',
    'truncated',
    'corrupted',
    'duplicated',
    'held-back',
  ] as const;
  const kind = data.oneOf('kind', kinds);
  switch (kind) {
    case 'lost':
      return { kind };
    case 'queue-full': {
      const queue = data.optional('queue', (name) => queueState(data.object(name)));
      return queue ? { kind, queue } : { kind };
    }
    case 'queued':
      return { kind, ms: data.number('ms'), queue: queueState(data.object('queue')), at: data.number('at') };
    case 'too-large': {
      const toldAt = data.optional('toldAt', (name) => data.number(name));
      return { kind, mtu: data.count('mtu'), ...(toldAt === undefined ? {} : { toldAt }) };
    }
    case 'truncated':
      return { kind, to: data.count('to'), at: data.number('at') };
    case 'delivered':
    case 'corrupted':
    case 'duplicated':
    case 'held-back':
      return { kind, at: data.number('at') };
    default:
      return unreachable(kind);
  }
}

const queueState = (data: Fields): QueueState => ({
  bytes: data.count('bytes'),
  loadBytes: data.count('loadBytes'),
  loads: data.texts('loads'),
});

const contentsToJson = (contents: DatagramContents): Json => ({
  flight: contents.flight,
  attempt: contents.attempt,
  records: contents.records.map((record) => ({
    epoch: record.epoch,
    sequence_number: record.sequenceNumber,
    type: record.type,
    fragments: record.fragments.map((fragment) => ({
      message: fragment.message,
      message_seq: fragment.messageSeq,
      offset: fragment.offset,
      length: fragment.length,
      total: fragment.total,
    })),
  })),
});

const contentsFromJson = (data: Fields): DatagramContents => ({
  flight: data.count('flight'),
  attempt: data.count('attempt'),
  records: data.list('records').map((record) => ({
    epoch: record.count('epoch'),
    sequenceNumber: record.count('sequence_number'),
    type: record.count('type'),
    fragments: record.list('fragments').map((fragment) => ({
      message: fragment.count('message'),
      messageSeq: fragment.count('message_seq'),
      offset: fragment.count('offset'),
      length: fragment.count('length'),
      total: fragment.count('total'),
    })),
  })),
});

const parametersToJson = (parameters: TraceParameters): Json => ({
  version: parameters.version,
  cipher_suite: parameters.cipherSuite,
  group: parameters.group,
  peer_signature: parameters.peerSignature,
  srtp_profile: parameters.srtpProfile,
  alpn: parameters.alpn,
  extended_master_secret: parameters.extendedMasterSecret,
  resumed: parameters.resumed,
  encrypt_then_mac: parameters.encryptThenMac,
});

const parametersFromJson = (data: Fields): TraceParameters => ({
  version: data.text('version'),
  cipherSuite: data.count('cipher_suite'),
  group: data.optional('group', (name) => data.count(name)),
  peerSignature: data.optional('peer_signature', (name) => data.count(name)),
  srtpProfile: data.optional('srtp_profile', (name) => data.count(name)),
  alpn: data.optional('alpn', (name) => data.text(name)),
  extendedMasterSecret: data.boolean('extended_master_secret'),
  // Files of before have neither.
  ...data.optional('resumed', (name) => ({ resumed: data.boolean(name) })),
  ...data.optional('encrypt_then_mac', (name) => ({ encryptThenMac: data.boolean(name) })),
});

function failureFrom(data: Fields): Failure {
  const fault = data.oneOf('fault', ['peer', 'mismatch', 'network', 'local'] as const);
  const code = data.text('code');
  return { ...data.all, fault, code };
}
