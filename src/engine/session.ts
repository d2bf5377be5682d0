/**
 * What client and server of every version do alike: extensions of hellos, the peer's certificate, and the messages that we
 * send.
 */
import { emptyBytes, fromUtf8, utf8 } from '../base/bytes.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { type ClientExtension, type ExtensionMessage, extensionCode, findExtension } from '../wire/extensions.ts';
import { maxPlaintext } from '../wire/record.ts';
import { publicKeyOf } from '../x509/read.ts';
import type { EndpointConfig } from './api.ts';
import type { Association } from './association.ts';
import type { Failure } from './failure.ts';
import { type Refusal, refuse } from './machine.ts';
import type { misstatementsOf } from './misstatements.ts';
import type { FlightPart } from './packing.ts';
import { checkTrust, type PeerTrusted } from './proofs.ts';
import type { TranscriptSink } from './transcript.ts';

/** A message holds what it must not. */
export const illegal = (message: string, what: string): Refusal =>
  refuse({ fault: 'peer', code: 'illegal-parameter', message, what });
export const malformed = (message: string, why: string): Refusal =>
  refuse({ fault: 'peer', code: 'malformed', message, at: 0, why });
/** A limit of ours, which the peer ran into because we had offered it for shape. */
export const unsupported = (what: string): Refusal => refuse({ fault: 'local', code: 'unsupported', what });

/** Fatal for a hello: RFC 8446 §4.2 says it for all versions. */
export function duplicateExtension(
  message: ExtensionMessage,
  extensions: readonly { readonly kind: string }[] | undefined,
): Failure | undefined {
  const seen = new Set<number>();
  for (const extension of extensions ?? []) {
    const code = extensionCode(message, extension);
    if (seen.has(code))
      return { fault: 'peer', code: 'malformed', message, at: 0, why: `extension ${code} comes twice` };
    seen.add(code);
  }
  return undefined;
}

/** RFC 5246 §7.4.1.4, RFC 8446 §4.2: a server answers only what it was asked. */
export function unasked(
  offered: readonly ClientExtension[] | undefined,
  message: ExtensionMessage,
  answers: readonly { readonly kind: string }[] | undefined,
): Failure | undefined {
  for (const answer of answers ?? []) {
    const extension = extensionCode(message, answer);
    if (!offered?.some((one) => extensionCode('client_hello', one) === extension))
      return { fault: 'peer', code: 'unsupported-extension', extension };
  }
  return undefined;
}

type UseSrtp = NonNullable<ReturnType<typeof srtpOf>>;
const srtpOf = (extensions: readonly ClientExtension[]) => findExtension(extensions, 'use_srtp');
type Alpn = { readonly protocol_name_list: readonly Uint8Array[] };

/** What a server says to use_srtp and ALPN, if anything. */
export interface Answers {
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
  readonly extensions: (
    | { readonly kind: 'use_srtp'; readonly body: UseSrtp }
    | {
        readonly kind: 'application_layer_protocol_negotiation';
        readonly body: { readonly protocol_name_list: Uint8Array[] };
      }
  )[];
}

/** The server's choice among what a hello offers for the application. */
export function answerApplication(
  config: EndpointConfig,
  offered: readonly ClientExtension[] | undefined,
): Answers | Refusal {
  const extensions: Answers['extensions'] = [];
  // RFC 5764 §4.1.1: one of the client's profiles, or no extension at all. Never an MKI (RFC 8827 §6.5).
  const profiles = findExtension(offered, 'use_srtp')?.SRTPProtectionProfiles ?? [];
  const srtpProfile = config.srtpProfiles.find((profile) => profiles.includes(profile));
  if (srtpProfile !== undefined)
    extensions.push({ kind: 'use_srtp', body: { SRTPProtectionProfiles: [srtpProfile], srtp_mki: emptyBytes } });

  // RFC 7301 §3.2: a server that speaks none of the client's protocols says so; one that speaks none at all is silent.
  const names = alpnNames(findExtension(offered, 'application_layer_protocol_negotiation'));
  const alpn = config.alpn.find((name) => names.includes(name));
  if (names.length > 0 && config.alpn.length > 0) {
    if (alpn === undefined) return refuse({ fault: 'mismatch', code: 'no-application-protocol', offered: names });
    extensions.push({
      kind: 'application_layer_protocol_negotiation',
      body: { protocol_name_list: [utf8(alpn)] },
    });
  }
  return { srtpProfile, alpn, extensions };
}

/** The record size that a client takes, and what we say of ours (RFC 8449 §4: also who has no need to limit it). */
export function answerRecordSize(
  config: EndpointConfig,
  offered: readonly ClientExtension[] | undefined,
  version: '1.2' | '1.3',
):
  | {
      readonly limit: number | undefined;
      readonly extensions: {
        readonly kind: 'record_size_limit';
        readonly body: { readonly record_size_limit: number };
      }[];
    }
  | Refusal {
  const limit = findExtension(offered, 'record_size_limit')?.record_size_limit;
  if (limit === undefined) return { limit, extensions: [] };
  if (limit < 64) return illegal('client_hello', `record_size_limit is ${limit}`);
  const record_size_limit = config.recordSizeLimit ?? maxPlaintext + (version === '1.3' ? 1 : 0);
  return { limit, extensions: [{ kind: 'record_size_limit', body: { record_size_limit } }] };
}

/** What a server answered to use_srtp and ALPN, if it may be that. `message` is where it stands. */
export function readApplication(
  config: EndpointConfig,
  message: string,
  srtp: UseSrtp | undefined,
  protocols: Alpn | undefined,
): Pick<Answers, 'srtpProfile' | 'alpn'> | Refusal {
  // RFC 5764 §4.1.3: one profile of those offered, and our MKI, which is none.
  const [srtpProfile, ...more] = srtp?.SRTPProtectionProfiles ?? [];
  if (srtp) {
    if (srtpProfile === undefined || more.length > 0 || !config.srtpProfiles.includes(srtpProfile))
      return illegal(message, 'use_srtp does not hold one of the profiles that were offered');
    if (srtp.srtp_mki.length > 0) return illegal(message, 'use_srtp holds an MKI that was not offered');
  }
  // RFC 7301 §3.1.
  const [alpn, ...others] = alpnNames(protocols);
  if (protocols && (alpn === undefined || others.length > 0 || !config.alpn.includes(alpn)))
    return illegal(message, 'ALPN does not hold one of the protocols that were offered');
  return { srtpProfile, alpn };
}

/** The protocol names of an ALPN extension. */
export const alpnNames = (body: { readonly protocol_name_list: readonly Uint8Array[] } | undefined): string[] =>
  (body?.protocol_name_list ?? []).map(fromUtf8);

/** A certificate that may be the peer's; whether the peer has its key is another question. */
export interface ShownCertificate {
  readonly key: PublicKey;
  readonly pssOnly: boolean;
  readonly trusted: PeerTrusted;
  readonly leaf: Uint8Array;
}

/** Reads the leaf of a chain and holds it against the fingerprints, saying so. The chain is not empty. */
export function examineChain(
  house: Association,
  chain: readonly Uint8Array[],
): { readonly shown: ShownCertificate } | { readonly refused: Failure } {
  const bad = (what: string): { readonly refused: Failure } => ({
    refused: { fault: 'peer', code: 'bad-certificate', what },
  });
  const [leaf] = chain;
  if (!leaf) return bad('the chain is empty');
  const trust = checkTrust(house.env.crypto, house.config.trust, leaf);
  const fingerprintMatched = 'mismatch' in trust ? false : trust.matched;
  house.event({ kind: 'peer-certificate', chain, fingerprintMatched });
  if ('mismatch' in trust) return { refused: trust.mismatch };
  if (chain.length > house.config.limits.chainLength)
    return bad(`the chain has ${chain.length} certificates, more than ${house.config.limits.chainLength}`);
  const read = publicKeyOf(leaf);
  if (!read.ok) return bad(read.error.why);
  if (!read.key) return bad(`the key is ${read.name}`);
  return { shown: { key: read.key, pssOnly: read.pssOnly, trusted: trust.trusted, leaf } };
}

/** Messages of our own: numbered, kept for the flight, and added to the transcript in the order in which they are made. */
export class Outbox {
  readonly #transcript: TranscriptSink;
  readonly #misstate: ReturnType<typeof misstatementsOf>;
  #seq: number;
  #parts: FlightPart[] = [];

  constructor(transcript: TranscriptSink, firstSeq: number, misstate?: ReturnType<typeof misstatementsOf>) {
    this.#transcript = transcript;
    this.#seq = firstSeq;
    this.#misstate = misstate;
  }

  /** message_seq of the message that comes next. */
  get next(): number {
    return this.#seq;
  }

  message(epoch: number, type: number, meant: Uint8Array): void {
    const seq = this.#seq++;
    const body = this.#misstate?.({ epoch, type, body: meant }) ?? meant;
    this.#parts.push({ kind: 'message', epoch, type, seq, body });
    this.#transcript.add({ type, seq, body });
  }

  changeCipherSpec(): void {
    this.#parts.push({ kind: 'change_cipher_spec', epoch: 0 });
  }

  /** The flight that was collected. */
  take(): FlightPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }
}
