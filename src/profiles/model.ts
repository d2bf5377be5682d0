/**
 * What another DTLS stack does on the wire, as data: the ClientHello it sends, its timers, sizes and habits. A profile is
 * knowledge about others, so each figure carries where it comes from, and what nobody has looked at is not made up. The
 * engine's configuration takes `StackHabits`; its other settings are filled from the figures by who picks a profile.
 */
import type { ClientExtension } from '../wire/extensions.ts';
import type { Version } from '../wire/registry.ts';
import type { Faults } from './faults.ts';

export type * from './faults.ts';

/** How a figure is known. `unmeasured` has no value: dtlscope's own default stands in for it. */
export type Figure<T> =
  | { readonly basis: 'measured' | 'read in source'; readonly value: T; readonly from: string }
  | { readonly basis: 'unmeasured' };
export type Basis = Figure<unknown>['basis'];

/**
 * A ClientHello as a stack composes it: the parts that endpoint settings do not have. Cipher suites, groups, signature
 * schemes, ALPN, SRTP profiles and versions are those of the endpoint's settings, in their order, with the ones that are
 * offered for shape alone: who runs them decides when the peer picks one, and the outcome then is `unsupported`.
 *
 * Rules for whoever composes it:
 * - an extension that is named takes its body from the settings, and is left out where the setting is empty or off;
 * - an extension with a body goes out as it stands;
 * - without 1.3 in the settings, the suites of 1.3, `supported_versions`, `key_share`, `cookie` and
 *   `psk_key_exchange_modes` stay out; without 1.2, the suites of 1.2 do. Suites of unknown versions always stay in;
 * - in `shuffled` order, a permutation of the whole list is drawn once per association from the endpoint's random source,
 *   so that the hello that answers HelloVerifyRequest or HelloRetryRequest has the order of the first;
 * - `pre_shared_key` is in no shape: it goes last, wherever there is one (RFC 8446 §4.2.11).
 */
export interface HelloShape {
  /** `client_version` or `legacy_version`. */
  readonly legacyVersion: number;
  /** Bytes of session_id, random ones when not 0. DTLS 1.3 wants none (RFC 9147 §5.3). */
  readonly sessionIdLength: number;
  readonly compressionMethods: readonly number[];
  /** The body of supported_versions; DTLS versions that the settings lack are left out of it, other numbers are kept. */
  readonly supportedVersions: readonly number[];
  /** Groups with a key share in the first hello, in order; those that the settings lack are left out. */
  readonly keyShares: readonly number[];
  readonly extensions: readonly ShapedExtension[];
  readonly order: 'fixed' | 'shuffled';
}

/** An extension in its place: by name, with a body from the endpoint's settings, or with its own body. */
export type ShapedExtension = SettingsExtension | ClientExtension;

export type SettingsExtension =
  | 'supported_groups'
  | 'signature_algorithms'
  | 'application_layer_protocol_negotiation'
  /** With an empty MKI. */
  | 'use_srtp'
  | 'extended_master_secret'
  | 'session_ticket'
  | 'supported_versions'
  | 'key_share'
  /** Only in the hello that answers a HelloRetryRequest with a cookie. */
  | 'cookie';

/** From the nth retransmission of a flight on, datagrams are at most `mtu` bytes of UDP payload. Ascending. */
export interface MtuStep {
  readonly fromRetransmission: number;
  readonly mtu: number;
}

/** Whether a retransmission has the fragments of the first sending (`stable`), or is cut for the MTU of its moment (`recut`). */
export type Borders = 'stable' | 'recut';

/**
 * What an endpoint is asked for besides its ordinary settings; `EndpointConfig` has these, all optional. Absent means: our
 * own hello, one MTU, every sending cut anew, one packing, shared records under keys, prompt ACKs, nothing wrong.
 */
export interface StackHabits {
  readonly hello?: HelloShape | undefined;
  /** Lowers the MTU as a flight is sent again, never raises it; counted anew for each flight. */
  readonly mtuSteps?: readonly MtuStep[] | undefined;
  /** With `stable`, a smaller MTU (a step, or the path's word) still cuts anew: the fragments would not fit. */
  readonly bordersOnResend?: Borders | undefined;
  /** Packing of retransmissions. */
  readonly resendPacking?: ProfilePacking | undefined;
  /** Under keys of DTLS 1.3, small handshake messages share a record; `false` gives each one of its own, as NSS does it. */
  readonly sharedRecords?: boolean | undefined;
  /** Under keys, handshake messages share records, and every byte of a datagram is used, as BoringSSL does it. */
  readonly filledRecords?: boolean | undefined;
  /**
   * DTLS 1.3: `timed` acknowledges a quarter of the timeout after something came that nothing of ours has answered, and
   * sends what an ACK lacks when the timer fires, as BoringSSL does it. Absent: gaps, and messages after the handshake, are
   * acknowledged at once, and what an ACK shows to be lost goes out at once (RFC 9147 §7.1, §7.2).
   */
  readonly acks?: 'prompt' | 'timed' | undefined;
  /** What it does wrong. */
  readonly faults?: Faults | undefined;
}

/** As the engine's `Packing`. */
export type ProfilePacking = 'packed' | 'record' | 'flight';

/** What the stack offers and takes, in order of preference, IANA numbers. */
export interface ProfileOffer {
  readonly versions: Figure<readonly Version[]>;
  readonly cipherSuites: Figure<readonly number[]>;
  readonly groups: Figure<readonly number[]>;
  readonly signatureSchemes: Figure<readonly number[]>;
  readonly srtpProfiles: Figure<readonly number[]>;
  readonly alpn: Figure<readonly string[]>;
}

/** When a flight is sent again. Milliseconds. */
export interface ProfileTimers {
  readonly start: Figure<number>;
  readonly growth: Figure<number>;
  readonly cap: Figure<number>;
  /** Retransmissions of one flight before it gives up. */
  readonly attempts: Figure<number>;
}

export interface ProfileDatagrams {
  /** Largest UDP payload of a first sending. */
  readonly mtu: Figure<number>;
  readonly mtuSteps: Figure<readonly MtuStep[]>;
  readonly packing: Figure<ProfilePacking>;
  /** Packing of retransmissions, where it is another. */
  readonly resendPacking: Figure<ProfilePacking>;
  readonly borders: Figure<Borders>;
  /** DTLS 1.3: whether small handshake messages share a record under keys. */
  readonly sharedRecords: Figure<boolean>;
}

export interface Profile {
  /** Stable; kebab-case with the version that was looked at, where one was. */
  readonly id: string;
  readonly title: string;
  /** What it is, and what one would want it for, in a sentence. */
  readonly about: string;
  /** Its ClientHello, where one was captured. */
  readonly hello?: HelloShape;
  /**
   * The extensions that its ClientHello may have, in their order, by which it can be told from others: where no hello was
   * captured, or where other versions have more of them.
   */
  readonly extensionOrder?: Figure<readonly number[]>;
  readonly offer: ProfileOffer;
  readonly timers: ProfileTimers;
  readonly datagrams: ProfileDatagrams;
  /** Records that the replay window spans. */
  readonly replayWindow: Figure<number>;
  /** As server: whether a client has to prove its address by a cookie first. */
  readonly cookie: Figure<boolean>;
  /** As server: its HelloVerifyRequest, by which it can be told from others. */
  readonly verify?: Figure<{ readonly version: number; readonly cookieLength: number }>;
  /** The common name of the certificates that it makes for itself. */
  readonly commonName?: Figure<string>;
  /** What it does that no setting of ours reproduces, one sentence each. */
  readonly notes: readonly string[];
}
