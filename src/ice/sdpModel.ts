/**
 * What a session description says about ICE and DTLS, as data. Every value keeps the line that it stands in (from 1), so
 * that a fault can be pointed at. Attributes are resolved the way a WebRTC stack resolves them: a section's own, else the
 * session's, else that of the section that its BUNDLE group is tagged by (RFC 8843 §7.1.3).
 */

/** A value and its line, from 1. */
export interface Placed<T> {
  readonly value: T;
  readonly line: number;
}

export type DescriptionType = 'offer' | 'answer';

/** Values of a=setup (RFC 4145 §4). */
export type Setup = 'active' | 'passive' | 'actpass' | 'holdconn';

export interface SdpFingerprint {
  /** The hash function's textual name as it stands there, in lower case: "sha-256". */
  readonly hash: string;
  readonly value: Uint8Array;
  readonly line: number;
}

/** The hash functions that can be computed here; same shape as the engine's own. */
export type UsableHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export interface UsableFingerprint {
  readonly hash: UsableHash;
  readonly value: Uint8Array;
}

/** An a=candidate line (RFC 8839 §5.1). */
export interface SdpCandidate {
  readonly foundation: string;
  /** 1 is RTP, or everything when RTCP is multiplexed. */
  readonly component: number;
  /** In lower case: "udp", "tcp", or something newer. */
  readonly transport: string;
  readonly priority: number;
  /** An IP address, or a name (mostly one that ends in ".local", RFC 8828 §3.1.1.4's mDNS). */
  readonly address: string;
  readonly port: number;
  /** "host", "srflx", "prflx", "relay", or something newer. */
  readonly type: string;
  readonly relatedAddress: string | undefined;
  readonly relatedPort: number | undefined;
  /** "active", "passive" or "so" (RFC 6544 §4.5). */
  readonly tcpType: string | undefined;
  /** The ICE generation that it belongs to, where the line says so. */
  readonly ufrag: string | undefined;
  readonly line: number;
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** A codec of an RTP section, as far as an answer has to repeat it. */
export interface Codec {
  readonly payload: number;
  /** "opus/48000/2" */
  readonly name: string;
  readonly parameters: string | undefined;
}

/** One m= section. */
export interface Section {
  /** From 0, which is the number that a trickled candidate names (sdpMLineIndex). */
  readonly index: number;
  readonly line: number;
  /** "audio", "video", "application"… */
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** Port 0 and not because of a=bundle-only: this section is off (RFC 3264 §6, RFC 8843 §6). */
  readonly rejected: boolean;
  /** It wants DTLS: its protocol says so, or it has a fingerprint in spite of its protocol (RFC 8829 §5.1.2). */
  readonly dtls: boolean;
  readonly mid: Placed<string> | undefined;
  readonly direction: Direction;
  readonly bundleOnly: boolean;
  readonly rtcpMux: Placed<true> | undefined;
  /** RFC 8841 §5. */
  readonly sctpPort: Placed<number> | undefined;
  readonly maxMessageSize: number | undefined;
  /** The data channel of before RFC 8841. */
  readonly sctpMap: Placed<string> | undefined;
  /** SDES keys (RFC 4568), which WebRTC forbids. */
  readonly sdes: Placed<true> | undefined;
  readonly codecs: readonly Codec[];
  /** What stands in the section itself. */
  readonly own: TransportFacts;
  readonly candidates: readonly SdpCandidate[];
  readonly endOfCandidates: Placed<true> | undefined;
}

/** Attributes that may stand at the session's level, or in a section. */
export interface TransportFacts {
  readonly setup: Placed<Setup> | undefined;
  readonly fingerprints: readonly SdpFingerprint[];
  /** RFC 8842 §5.2. */
  readonly tlsId: Placed<string> | undefined;
  readonly ufrag: Placed<string> | undefined;
  readonly pwd: Placed<string> | undefined;
  readonly iceOptions: Placed<readonly string[]> | undefined;
}

export interface BundleGroup {
  readonly mids: readonly string[];
  readonly line: number;
}

/** Everything that will share one 5-tuple: one ICE component and one DTLS association. */
export interface SdpTransport extends TransportFacts {
  /** Indexes of its sections; the first is the tagged one. */
  readonly sections: readonly number[];
  readonly candidates: readonly SdpCandidate[];
  readonly endOfCandidates: boolean;
}

export interface Description {
  readonly type: DescriptionType | undefined;
  readonly session: TransportFacts;
  /** a=ice-lite (RFC 8839 §5.3). */
  readonly lite: Placed<true> | undefined;
  readonly bundles: readonly BundleGroup[];
  readonly sections: readonly Section[];
  /** In order of their first section; sections that are off, or that want no DTLS, are in none. */
  readonly transports: readonly SdpTransport[];
  /** What is wrong with this description by itself; what is wrong between two, `problemsBetween` says. */
  readonly problems: readonly SdpProblem[];
}

export type SdpProblemId =
  | 'not-sdp'
  | 'too-large'
  | 'malformed-line'
  | 'malformed-candidate'
  | 'no-dtls'
  | 'sdes'
  | 'no-fingerprint'
  | 'malformed-fingerprint'
  | 'weak-hash'
  | 'unknown-hash'
  | 'fingerprints-differ'
  | 'fingerprint-repeated'
  | 'no-setup'
  | 'unknown-setup'
  | 'holdconn'
  | 'setup-differs'
  | 'tls-id-differs'
  | 'answer-actpass'
  | 'both-active'
  | 'both-passive'
  | 'no-ice-credentials'
  | 'malformed-ice-credentials'
  | 'ice-credentials-differ'
  | 'lite-both'
  | 'no-candidates'
  | 'tcp-only'
  | 'names-only'
  | 'no-rtcp-mux'
  | 'old-data-channel'
  | 'mid-twice'
  | 'bundle-unknown-mid'
  | 'bundle-not-offered'
  | 'sections-disagree';

export interface SdpProblem {
  readonly id: SdpProblemId;
  /** `error`: no connection, or no media, can come of it; `warning`: some peers refuse it; `info`: worth knowing. */
  readonly severity: 'error' | 'warning' | 'info';
  /** Which description the line is in; undefined for one that was read without saying what it is. */
  readonly side: DescriptionType | undefined;
  readonly line: number | undefined;
  /** A sentence or two for people; text of the description in it is cut short and has no control characters. */
  readonly text: string;
}
