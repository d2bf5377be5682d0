/**
 * Our side's description: the answer to an offer, or an offer of our own. It asks for no media that nobody here would
 * take: an answer receives or stays inactive, with one codec of each section repeated from the offer, because all that is
 * wanted is the connection underneath. Everything goes over one transport, so sections that can not share it are turned off.
 */
import { type SessionDescription, write } from 'sdp-transform';
import { toHex } from '../base/bytes.ts';
import type { Codec, Description, Direction, Section, UsableFingerprint, UsableHash } from './sdpModel.ts';
import { answerSetup } from './sdpRoles.ts';

/** A candidate of ours, as ICE made it. */
export interface OwnCandidate {
  readonly foundation: string;
  readonly component: number;
  readonly transport: string;
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: string;
  readonly relatedAddress?: string | undefined;
  readonly relatedPort?: number | undefined;
}

/** What our side announces. */
export interface OwnSide {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints: readonly UsableFingerprint[];
  readonly candidates: readonly OwnCandidate[];
  /** More candidates may follow (RFC 8838); false says that these are all. */
  readonly trickle: boolean;
  readonly lite: boolean;
  readonly tlsId?: string | undefined;
  /** o= wants a number that nobody else has: decimal digits, below 2^63 (RFC 8829 §5.2.1). */
  readonly sessionId: string;
}

export type MediaKind = 'audio' | 'video' | 'data';

export interface OfferSpec {
  readonly kinds: readonly MediaKind[];
  readonly direction: Direction;
  /** `actpass` leaves the choice to the answer, as RFC 8842 §5.2 wants it of a first offer. */
  readonly setup: 'actpass' | 'active' | 'passive';
}

/** An offer of ours: one BUNDLE group with RTCP multiplexed. */
export function writeOffer(ours: OwnSide, spec: OfferSpec): string {
  const sections = spec.kinds.map((kind, index) => {
    const offered = offeredMedia[kind];
    return mediaOf(
      {
        kind: offered.kind,
        protocol: offered.protocol,
        formats:
          offered.codecs.length > 0 ? offered.codecs.map(({ payload }) => String(payload)) : ['webrtc-datachannel'],
        codecs: offered.codecs,
        mid: String(index),
        direction: kind === 'data' ? undefined : spec.direction,
        rtcpMux: kind !== 'data',
        sctp: kind === 'data' ? { port: 5000, old: false } : undefined,
      },
      ours,
      spec.setup,
    );
  });
  return assemble(ours, [spec.kinds.map((_, index) => String(index))], sections);
}

export type AnswerResult =
  | {
      readonly ok: true;
      readonly sdp: string;
      /** Index in the offer's `transports` of the one that was taken. */
      readonly transport: number;
      /** Sections of the offer that were turned off because they can not share that connection. */
      readonly turnedOff: readonly number[];
    }
  | { readonly ok: false; readonly why: string };

/**
 * The answer to an offer. `preferred` is the role that we take where the offer leaves the choice (actpass); where it does
 * not, the only one that fits is answered. Its own faults do not keep an offer from being answered: what a gateway makes
 * of it may be the question.
 */
export function writeAnswer(offer: Description, ours: OwnSide, preferred: 'active' | 'passive'): AnswerResult {
  const [transport] = offer.transports;
  if (!transport) return { ok: false, why: 'the offer has no section that wants DTLS' };
  const setup = answerSetup(transport.setup?.value, preferred);
  const taken = new Set(transport.sections);
  const sections = offer.sections.map((section) =>
    taken.has(section.index) ? mediaOf(mirrored(section), ours, setup) : off(section, ours, setup),
  );
  const bundled = offer.bundles.some(({ mids }) =>
    transport.sections.every((index) => mids.includes(offer.sections[index]?.mid?.value ?? '')),
  );
  const mids = transport.sections.flatMap((index) => offer.sections[index]?.mid?.value ?? []);
  return {
    ok: true,
    sdp: assemble(ours, bundled && mids.length > 0 ? [mids] : [], sections),
    transport: 0,
    turnedOff: offer.sections.filter(({ index, rejected }) => !rejected && !taken.has(index)).map(({ index }) => index),
  };
}

/** "candidate:1 1 udp …": what follows "a=" in SDP, and what trickle passes on (RFC 8839 §5.1). */
export function formatCandidate(candidate: OwnCandidate, ufrag?: string): string {
  const { foundation, component, transport, priority, address, port, type, relatedAddress, relatedPort } = candidate;
  const related =
    relatedAddress === undefined || relatedPort === undefined ? '' : ` raddr ${relatedAddress} rport ${relatedPort}`;
  const generation = ufrag === undefined ? '' : ` generation 0 ufrag ${ufrag}`;
  return `candidate:${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}${related}${generation}`;
}

/** "sha-256 AB:CD:…" */
export const formatSdpFingerprint = ({ hash, value }: UsableFingerprint): string => `${sdpHash[hash]} ${digits(value)}`;

const sdpHash: Readonly<Record<UsableHash, string>> = {
  sha1: 'sha-1',
  sha256: 'sha-256',
  sha384: 'sha-384',
  sha512: 'sha-512',
};
const digits = (value: Uint8Array): string =>
  toHex(value)
    .toUpperCase()
    .replace(/..(?=.)/g, '$&:');

/** Codecs that every browser has, with the payload numbers that they use. */
const offeredMedia: Readonly<
  Record<MediaKind, { readonly kind: string; readonly protocol: string; readonly codecs: readonly Codec[] }>
> = {
  audio: {
    kind: 'audio',
    protocol: 'UDP/TLS/RTP/SAVPF',
    codecs: [{ payload: 111, name: 'opus/48000/2', parameters: 'minptime=10;useinbandfec=1' }],
  },
  video: {
    kind: 'video',
    protocol: 'UDP/TLS/RTP/SAVPF',
    codecs: [
      { payload: 96, name: 'VP8/90000', parameters: undefined },
      {
        payload: 102,
        name: 'H264/90000',
        parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
      },
    ],
  },
  data: { kind: 'application', protocol: 'UDP/DTLS/SCTP', codecs: [] },
};

/** What a media section of ours says, before our transport is added. */
interface Shape {
  readonly kind: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly codecs: readonly Codec[];
  readonly mid: string | undefined;
  readonly direction: Direction | undefined;
  readonly rtcpMux: boolean;
  readonly sctp: { readonly port: number; readonly old: boolean } | undefined;
}

/** Helpers to other codecs, which can not be all that a section answers. */
const auxiliary = /^(rtx|red|ulpfec|flexfec(-03)?|telephone-event|CN)\//i;

function mirrored(section: Section): Shape {
  const rtp = /RTP\//.test(section.protocol);
  const codec = section.codecs.find(({ name }) => !auxiliary.test(name)) ?? section.codecs[0];
  const sends = section.direction === 'sendrecv' || section.direction === 'sendonly';
  return {
    kind: section.kind,
    protocol: section.protocol,
    // A static payload type (PCMU is 0) may come without a=rtpmap.
    formats: rtp ? [codec ? String(codec.payload) : (section.formats[0] ?? '0')] : section.formats,
    codecs: codec && rtp ? [codec] : [],
    mid: section.mid?.value,
    direction: rtp ? (sends ? 'recvonly' : 'inactive') : undefined,
    rtcpMux: section.rtcpMux !== undefined,
    sctp: !/SCTP/.test(section.protocol)
      ? undefined
      : { port: 5000, old: section.sctpPort === undefined && section.sctpMap !== undefined },
  };
}

type Media = SessionDescription['media'][number];

/**
 * A refused section keeps its place (RFC 3264 §6). It says who we are like the others, as browsers write it: GStreamer's
 * webrtcbin refuses the whole answer where a section has no fingerprint or a=setup, though nothing will use them.
 */
const off = (section: Section, ours: OwnSide, setup: Setup): Media => ({
  type: section.kind,
  port: 0,
  protocol: section.protocol,
  payloads: section.formats.length > 0 ? section.formats.join(' ') : '0',
  rtp: [],
  fmtp: [],
  connection: { version: 4, ip: '0.0.0.0' },
  ...(section.mid && { mid: section.mid.value }),
  direction: 'inactive',
  ...(section.dtls && identityOf(ours, setup)),
});

type Setup = 'actpass' | 'active' | 'passive';

/** Who we are, in the words of a section. */
function identityOf(ours: OwnSide, setup: Setup) {
  const [fingerprint] = ours.fingerprints;
  return {
    setup,
    iceUfrag: ours.ufrag,
    icePwd: ours.pwd,
    ...(fingerprint && { fingerprint: { type: sdpHash[fingerprint.hash], hash: digits(fingerprint.value) } }),
  };
}

function mediaOf(shape: Shape, ours: OwnSide, setup: Setup): Media {
  const [, ...more] = ours.fingerprints;
  const lines: string[] = [
    // The library's grammar has one fingerprint a section, and no tls-id.
    ...more.map((one) => `fingerprint:${formatSdpFingerprint(one)}`),
    ...(ours.tlsId === undefined ? [] : [`tls-id:${ours.tlsId}`]),
  ];
  // The default destination is for peers that know no ICE (RFC 8839 §4.2.1.2); with trickle it is 0.0.0.0:9.
  const [first] = ours.candidates;
  const v6 = first?.address.includes(':') ?? false;
  // Not a fresh literal: the library writes `invalid` lines verbatim, and its types do not know them.
  const media = {
    type: shape.kind,
    port: first?.port ?? 9,
    protocol: shape.protocol,
    payloads: shape.formats.join(' '),
    connection: first ? { version: v6 ? 6 : 4, ip: first.address } : { version: 4, ip: '0.0.0.0' },
    rtp: shape.codecs.map(({ payload, name }) => {
      const [codec = '', rate, encoding] = name.split('/');
      return {
        payload,
        codec,
        ...(rate !== undefined && { rate: Number(rate) }),
        ...(encoding !== undefined && { encoding: Number(encoding) }),
      };
    }),
    fmtp: shape.codecs.flatMap(({ payload, parameters }) =>
      parameters === undefined ? [] : [{ payload, config: parameters }],
    ),
    ...(shape.mid !== undefined && { mid: shape.mid }),
    ...(shape.direction !== undefined && { direction: shape.direction }),
    ...identityOf(ours, setup),
    candidates: ours.candidates.map((candidate) => ({
      foundation: candidate.foundation,
      component: candidate.component,
      transport: candidate.transport,
      priority: candidate.priority,
      ip: candidate.address,
      port: candidate.port,
      type: candidate.type,
      ...(candidate.relatedAddress !== undefined && { raddr: candidate.relatedAddress }),
      ...(candidate.relatedPort !== undefined && { rport: candidate.relatedPort }),
    })),
    ...(ours.trickle ? { iceOptions: 'trickle' } : { endOfCandidates: 'end-of-candidates' as const }),
    ...(shape.rtcpMux && { rtcpMux: 'rtcp-mux' as const }),
    ...(shape.sctp && !shape.sctp.old && { sctpPort: shape.sctp.port, maxMessageSize: 262_144 }),
    ...(shape.sctp?.old && {
      sctpmap: { sctpmapNumber: Number(shape.formats[0] ?? 5000), app: 'webrtc-datachannel', maxMessageSize: 1024 },
    }),
    invalid: lines.map((value) => ({ value })),
  };
  return media;
}

function assemble(ours: OwnSide, groups: readonly (readonly string[])[], media: readonly Media[]): string {
  return write({
    version: 0,
    origin: {
      username: '-',
      sessionId: ours.sessionId,
      sessionVersion: 1,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    ...(groups.length > 0 && { groups: groups.map((mids) => ({ type: 'BUNDLE', mids: mids.join(' ') })) }),
    ...(ours.lite && { icelite: 'ice-lite' as const }),
    media: [...media],
  });
}
