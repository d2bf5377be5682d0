/**
 * Handshakes made by hand, for tests of what is drawn: a short way to say datagrams, with everything else that the model
 * wants filled in. What real captures give is tested with real captures; this is for shapes that are hard to capture.
 */
import type { DatagramView, FlightView, Handshake, RecordView } from '../../src/analysis/model.ts';
import type { BufferId } from '../../src/trace/buffers.ts';
import type { Actor, LinkAction } from '../../src/trace/model.ts';
import { handshakeTypes, numberIn } from '../../src/wire/registry.ts';

export interface Said {
  readonly at: number;
  readonly from: Actor;
  readonly flight?: number;
  readonly attempt?: number;
  readonly size?: number;
  /** "certificate", "certificate 0-255/1400", "ccs", "alert 40", "sealed", "data 40". */
  readonly holds: readonly string[];
  readonly link?: readonly { readonly action: LinkAction; readonly rule: string }[];
  readonly delivered?: boolean;
  readonly deliveredAt?: number;
  readonly newBytes?: number;
  readonly leftover?: DatagramView['leftover'];
}

export const lostTo = (rule: string): Pick<Said, 'link' | 'delivered' | 'newBytes'> => ({
  link: [{ action: { kind: 'lost' }, rule }],
  delivered: false,
});

const noTraffic = {
  datagrams: 0,
  bytes: 0,
  largest: 0,
  applicationData: 0,
  lastApplicationDataAt: undefined,
  media: 0,
  lastMediaAt: undefined,
};

export function handshakeOf(said: readonly Said[], more: Partial<Handshake> = {}): Handshake {
  const datagrams = said.map((one, index) => datagramOf(one, index + 1));
  return {
    id: 'h1',
    client: '127.0.0.1:40000',
    server: '127.0.0.1:4444',
    inferred: [],
    localRole: 'client',
    ours: ['client'],
    startedAt: said[0]?.at ?? 0,
    wallClock: undefined,
    establishedAt: undefined,
    endedAt: said.at(-1)?.at ?? 0,
    followed: false,
    lastMessage: undefined,
    finished: { client: undefined, server: undefined },
    traffic: { client: noTraffic, server: noTraffic },
    recordGaps: [],
    snapped: false,
    before: undefined,
    datagrams,
    flights: flightsOf(datagrams),
    messages: [],
    steps: [],
    data: [],
    retransmissions: { client: 0, server: 0 },
    lost: [],
    alerts: [],
    certificates: { client: [], server: [] },
    fingerprints: [],
    parameters: {
      version: '1.2',
      cipherSuite: undefined,
      group: undefined,
      signature: undefined,
      srtpProfile: undefined,
      extendedMasterSecret: undefined,
      alpn: undefined,
      cookie: false,
      offer: undefined,
    },
    timers: [],
    states: [],
    drops: [],
    connected: {},
    failures: [],
    refused: [],
    path: [],
    stun: [],
    checks: 0,
    stunLeftOut: 0,
    end: undefined,
    keys: 'none',
    moves: [],
    estimates: { roundTrip: { client: undefined, server: undefined }, rate: undefined, vantage: undefined },
    sctp: [],
    software: { client: undefined, server: undefined },
    opened: { client: { opened: 0, closed: 0 }, server: { opened: 0, closed: 0 } },
    missingSecrets: [],
    ...more,
  };
}

function datagramOf(said: Said, packet: number): DatagramView {
  const size = said.size ?? 100;
  const records = said.holds.map((text, index) => recordOf(text, index, said.from));
  return {
    packet,
    at: said.at,
    from: said.from,
    size,
    bytes: new Uint8Array(size),
    buffer: packet as BufferId,
    records,
    leftover: said.leftover,
    flight: said.flight,
    attempt: said.attempt ?? 0,
    link: said.link ?? [],
    delivered: said.delivered,
    deliveredAt: said.deliveredAt,
    newBytes: said.newBytes ?? ((said.attempt ?? 0) > 0 ? 0 : size),
  };
}

function recordOf(text: string, index: number, from: Actor): RecordView {
  const base = {
    index,
    start: 0,
    end: 0,
    version: 0xfefd,
    epoch: 0,
    sequenceNumber: index,
    length: 50,
    content: undefined,
    fragments: [],
    alert: undefined,
    repeatedNumber: undefined,
  };
  if (text === 'ccs') return { ...base, type: 20, contentType: 20, length: 1, protection: 'plain' };
  if (text === 'sealed') return { ...base, type: 22, contentType: 22, epoch: 1, length: 40, protection: 'encrypted' };
  const data = /^data (\d+)$/.exec(text);
  if (data) return { ...base, type: 23, contentType: 23, epoch: 1, length: Number(data[1]), protection: 'encrypted' };
  const alert = /^alert (\d+)$/.exec(text);
  if (alert)
    return {
      ...base,
      type: 21,
      contentType: 21,
      protection: 'plain',
      alert: { level: 2, description: Number(alert[1]) },
    };
  const [name = '', range] = text.split(' ');
  const message = numberIn(handshakeTypes, name);
  if (message === undefined) throw new Error(`no such message: ${name}`);
  const [, start, end, total] = /^(\d+)-(\d+)\/(\d+)$/.exec(range ?? '0-50/50') ?? [];
  const offset = Number(start);
  const length = Number(end) - offset;
  const fragment = {
    messageKey: `${from}/${message}`,
    message,
    name,
    messageSeq: message,
    offset,
    length,
    total: Number(total),
    start: 25,
    end: 25 + length,
    newBytes: length,
    occurrence: 0,
  };
  return { ...base, type: 22, contentType: 22, length: length + 12, protection: 'plain', fragments: [fragment] };
}

function flightsOf(datagrams: readonly DatagramView[]): FlightView[] {
  const flights = new Map<number, FlightView>();
  for (const datagram of datagrams) {
    if (datagram.flight === undefined) continue;
    const known = flights.get(datagram.flight);
    const names = datagram.records.flatMap((record) =>
      record.fragments.map((fragment) => (handshakeTypes as Record<number, string>)[fragment.message] ?? '?'),
    );
    if (!known) {
      flights.set(datagram.flight, {
        number: datagram.flight,
        from: datagram.from,
        messages: [...new Set(names)],
        sentAt: datagram.at,
        resentAt: [],
        resentAfterAck: [],
        packets: [datagram.packet],
        complete: true,
        inferred: false,
      });
      continue;
    }
    flights.set(datagram.flight, {
      ...known,
      messages: [...new Set([...known.messages, ...names])],
      resentAt: datagram.attempt > known.resentAt.length ? [...known.resentAt, datagram.at] : known.resentAt,
      packets: [...known.packets, datagram.packet],
    });
  }
  return [...flights.values()];
}

/** A cookie exchange, a certificate in four fragments of which the second is lost, the flight sent again, the end. */
export const recoveredLoss = (): Handshake =>
  handshakeOf(
    [
      { at: 0, from: 'client', flight: 1, size: 167, holds: ['client_hello'] },
      { at: 1.2, from: 'server', flight: 2, size: 60, holds: ['hello_verify_request'] },
      { at: 1.9, from: 'client', flight: 3, size: 187, holds: ['client_hello'] },
      { at: 9.4, from: 'server', flight: 4, size: 300, holds: ['server_hello', 'certificate 0-150/700'] },
      { at: 9.5, from: 'server', flight: 4, size: 300, holds: ['certificate 150-425/700'], ...lostTo('loss 10%') },
      { at: 9.6, from: 'server', flight: 4, size: 300, holds: ['certificate 425-700/700'] },
      { at: 9.7, from: 'server', flight: 4, size: 190, holds: ['server_key_exchange', 'server_hello_done'] },
      {
        at: 1014.7,
        from: 'server',
        flight: 4,
        attempt: 1,
        size: 300,
        holds: ['server_hello', 'certificate 0-150/700'],
      },
      {
        at: 1014.8,
        from: 'server',
        flight: 4,
        attempt: 1,
        size: 300,
        holds: ['certificate 150-425/700'],
        newBytes: 275,
      },
      { at: 1014.9, from: 'server', flight: 4, attempt: 1, size: 300, holds: ['certificate 425-700/700'] },
      {
        at: 1015,
        from: 'server',
        flight: 4,
        attempt: 1,
        size: 190,
        holds: ['server_key_exchange', 'server_hello_done'],
      },
      { at: 1022, from: 'client', flight: 5, size: 180, holds: ['client_key_exchange', 'ccs', 'sealed'] },
      { at: 1025, from: 'server', flight: 6, size: 75, holds: ['ccs', 'sealed'] },
    ],
    {
      establishedAt: 1025,
      retransmissions: { client: 0, server: 1 },
      connected: {
        client: {
          at: 1025.2,
          parameters: {
            version: '1.2',
            cipherSuite: 0xc02b,
            group: 29,
            peerSignature: 0x0403,
            srtpProfile: undefined,
            alpn: undefined,
            extendedMasterSecret: true,
          },
        },
      },
    },
  );

/** `count` datagrams of application data, a millisecond apart. */
export const longTalk = (count: number): Handshake =>
  handshakeOf(
    Array.from({ length: count }, (_, i) => ({
      at: i,
      from: i % 2 === 0 ? ('client' as const) : ('server' as const),
      holds: ['data 40'],
    })),
  );
