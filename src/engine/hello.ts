/**
 * ClientHellos: what goes in, in which order (RFC 8446 §4.1.2, RFC 9147 §5.3, RFC 5246 §7.4.1.2). Ours has a shape like that
 * of any other stack; a `HelloShape` of the settings takes its place. A hello that answers a HelloVerifyRequest or a
 * HelloRetryRequest differs from the first only in what was asked for, so the first is remembered as a draft.
 */
import { emptyBytes, utf8 } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import { encode } from '../codec/codec.ts';
import type { CryptoProvider, KeyAgreement } from '../crypto/provider.ts';
import { keySchedule } from '../crypto/schedule13.ts';
import { truncatedHello } from '../crypto/transcript13.ts';
import type { HelloShape, ShapedExtension } from '../profiles/model.ts';
import { bindersLength, type ClientExtension, findExtension, type KeyShareEntry } from '../wire/extensions.ts';
import { type ClientHello, clientHello } from '../wire/handshake.ts';
import { HandshakeType, versionNumber, versionOf } from '../wire/registry.ts';
import { cipherSuite } from '../wire/suites.ts';
import type { EndpointConfig, Environment, Session12, SessionTicket13 } from './api.ts';
import type { Association } from './association.ts';
import { foreignSuite, isHybrid } from './config.ts';

/** What all hellos of an association have in common. */
interface HelloDraft {
  readonly shape: HelloShape;
  /** The shape's list, shuffled where it is to be. */
  readonly extensions: readonly ShapedExtension[];
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** What is offered to be resumed in DTLS 1.2 or 1.0. */
  readonly session: Session12 | undefined;
}

/**
 * Draws what all hellos have in common. A ticket goes with a session id as well, by which the answer shows whether it was
 * taken (RFC 5077 §3.4): the server's own, or one that is made from the ticket.
 */
export const draftHello = (
  config: EndpointConfig,
  { random, crypto }: Pick<Environment, 'random' | 'crypto'>,
  session: Session12 | undefined,
): HelloDraft => {
  const shape = config.hello ?? ownHelloShape(config);
  return {
    shape,
    extensions: shape.order === 'shuffled' ? shuffled(shape.extensions, random) : shape.extensions,
    random: random(32),
    sessionId: session ? sessionIdOf(crypto, session) : random(shape.sessionIdLength),
    session,
  };
};

const sessionIdOf = (crypto: CryptoProvider, { sessionId, ticket }: Session12): Uint8Array =>
  ticket && sessionId.length === 0 ? crypto.hash('sha256', ticket) : sessionId;

/** Our own hello: one version's extensions stay out where that version is not spoken. */
export function ownHelloShape(config: EndpointConfig): HelloShape {
  const { recordSizeLimit: limit } = config;
  const old: ShapedExtension[] = config.versions.some((version) => version !== '1.3')
    ? [
        'extended_master_secret',
        { kind: 'renegotiation_info', body: { renegotiated_connection: emptyBytes } },
        'supported_groups',
        { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
        'session_ticket',
        ...(offersCbc(config) ? [encryptThenMac] : []),
      ]
    : ['supported_groups'];
  return {
    legacyVersion: versionNumber['1.2'],
    sessionIdLength: 0,
    compressionMethods: [0],
    supportedVersions: config.versions.map((version) => versionNumber[version]),
    keyShares: config.keyShares ?? defaultShares(config.groups),
    extensions: [
      ...old,
      'application_layer_protocol_negotiation',
      'signature_algorithms',
      'use_srtp',
      ...(limit === undefined ? [] : [{ kind: 'record_size_limit', body: { record_size_limit: limit } } as const]),
      'supported_versions',
      { kind: 'psk_key_exchange_modes', body: { ke_modes: [1] } },
      'cookie',
      'key_share',
    ],
    order: 'fixed',
  };
}

const encryptThenMac = { kind: 'encrypt_then_mac', body: {} } as const;
const offersCbc = ({ allowWeak, cipherSuites, encryptThenMac }: EndpointConfig): boolean =>
  allowWeak === true &&
  encryptThenMac !== false &&
  cipherSuites.some((code) => cipherSuite(code)?.cipher.kind === 'cbc');

/** A hybrid's share comes with x25519's, for servers that do not know it: nearly all that it costs is there anyway. */
function defaultShares(groups: readonly number[]): readonly number[] {
  const [first] = groups;
  const x25519 = 29;
  return groups.filter((group) => group === first || (first !== undefined && isHybrid(first) && group === x25519));
}

/** Fisher and Yates, with two bytes a draw. */
function shuffled<T>(items: readonly T[], random: RandomSource): T[] {
  const out = [...items];
  const dice = random(2 * out.length);
  for (let i = out.length - 1; i > 0; i--) {
    const j = (((dice[2 * i] ?? 0) << 8) | (dice[2 * i + 1] ?? 0)) % (i + 1);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}

/** What of a hello depends on what the server asked for. */
export interface HelloAnswers {
  /** Of a HelloVerifyRequest. */
  readonly legacyCookie: Uint8Array;
  /** Of a HelloRetryRequest. */
  readonly cookie: Uint8Array | undefined;
  readonly shares: readonly KeyShareEntry[];
}

/** The groups of the first hello's key shares: none when DTLS 1.3 is not offered, or when nobody here can make one. */
export const shareGroups = (config: EndpointConfig, draft: HelloDraft, crypto: CryptoProvider): readonly number[] =>
  config.versions.includes('1.3')
    ? draft.shape.keyShares.filter((group) => config.groups.includes(group) && crypto.supportsGroup(group))
    : [];

/** A hello, without pre_shared_key. */
function composeHello(config: EndpointConfig, draft: HelloDraft, answers: HelloAnswers): ClientHello {
  const has13 = config.versions.includes('1.3');
  const extensions: ClientExtension[] = [];
  for (const one of draft.extensions) {
    const extension = typeof one === 'string' ? fromSettings(one, config, draft, answers) : one;
    if (extension && (has13 || extension.kind !== 'psk_key_exchange_modes')) extensions.push(extension);
  }
  const ticket = draft.session?.ticket;
  if (ticket && !findExtension(extensions, 'session_ticket'))
    extensions.push({ kind: 'session_ticket', body: { ticket } });
  // A cookie goes back whether the shape has a place for it or not.
  if (answers.cookie && !findExtension(extensions, 'cookie'))
    extensions.push({ kind: 'cookie', body: { cookie: answers.cookie } });
  return {
    // Version numbers of DTLS fall as versions rise: a shape may not name a newer one than is spoken.
    client_version: Math.max(draft.shape.legacyVersion, newestLegacy(config)),
    random: draft.random,
    session_id: draft.sessionId,
    cookie: answers.legacyCookie,
    cipher_suites: config.cipherSuites.filter((code) => !foreignSuite(code, config.versions)),
    compression_methods: [...draft.shape.compressionMethods],
    extensions,
  };
}

/** What client_version can be: DTLS 1.3 goes by the name of 1.2 (RFC 9147 §5.3). */
const newestLegacy = ({ versions }: EndpointConfig): number =>
  versionNumber[versions.some((version) => version !== '1.0') ? '1.2' : '1.0'];

function fromSettings(
  name: Extract<ShapedExtension, string>,
  config: EndpointConfig,
  { shape, session }: HelloDraft,
  { cookie, shares }: HelloAnswers,
): ClientExtension | undefined {
  const has13 = config.versions.includes('1.3');
  switch (name) {
    case 'supported_groups':
      return { kind: name, body: { named_group_list: config.groups.filter((group) => has13 || !isHybrid(group)) } };
    case 'signature_algorithms':
      // RFC 5246 §7.4.1.4.1: not for who speaks nothing newer than DTLS 1.0.
      return newestLegacy(config) === versionNumber['1.0']
        ? undefined
        : { kind: name, body: { supported_signature_algorithms: [...config.signatureSchemes] } };
    case 'application_layer_protocol_negotiation':
      return config.alpn.length > 0 ? { kind: name, body: { protocol_name_list: config.alpn.map(utf8) } } : undefined;
    case 'use_srtp':
      return config.srtpProfiles.length > 0
        ? { kind: name, body: { SRTPProtectionProfiles: [...config.srtpProfiles], srtp_mki: emptyBytes } }
        : undefined;
    case 'extended_master_secret':
      return config.extendedMasterSecret === 'off' ? undefined : { kind: name, body: {} };
    case 'session_ticket':
      return config.sessionTicket || session?.ticket
        ? { kind: name, body: { ticket: session?.ticket ?? emptyBytes } }
        : undefined;
    case 'supported_versions':
      return has13
        ? {
            kind: name,
            body: {
              versions: shape.supportedVersions.filter((number) => {
                const version = versionOf(number);
                return version === undefined || config.versions.includes(version);
              }),
            },
          }
        : undefined;
    case 'key_share':
      return has13 ? { kind: name, body: { client_shares: [...shares] } } : undefined;
    case 'cookie':
      return cookie && { kind: name, body: { cookie } };
  }
}

/** A hello that is out. */
export interface SentHello {
  readonly draft: HelloDraft;
  readonly answers: HelloAnswers;
  readonly hello: ClientHello;
  /** Its bytes, with pre_shared_key where `hello` has none. */
  readonly body: Uint8Array;
  readonly seq: number;
  /** Flights so far, both sides'. */
  readonly flights: number;
  /** Our halves of the key shares in it, by group. */
  readonly shares: ReadonlyMap<number, KeyAgreement>;
  /** In the order of their identities. */
  readonly tickets: readonly SessionTicket13[];
}

/**
 * Composes and sends a hello. `before`: what stands before it in the transcript, under a hash, after a HelloRetryRequest;
 * such a hello may be acknowledged (RFC 9147 §7.1).
 */
export function sendHello(
  house: Association,
  given: Pick<SentHello, 'draft' | 'answers' | 'seq' | 'flights' | 'shares' | 'tickets'>,
  before?: (hash: 'sha256' | 'sha384') => Uint8Array,
): SentHello {
  const hello = composeHello(house.config, given.draft, given.answers);
  // RFC 8446 §4.2.9: without the modes, which a shape may lack, there is no pre_shared_key.
  const tickets = findExtension(hello.extensions, 'psk_key_exchange_modes') ? given.tickets : [];
  const body = helloBody(house.env.crypto, hello, tickets, house.now, before);
  // What a HelloVerifyRequest answers is not kept from: a repeat of it is seen by its cookie.
  const parts = [{ kind: 'message', epoch: 0, type: HandshakeType.clientHello, seq: given.seq, body }] as const;
  const tracked = before !== undefined;
  house.sendFlight({ number: given.flights, parts, awaited: 'flight', answers: undefined, tracked });
  const { draft, answers, seq, flights, shares } = given;
  return { draft, answers, seq, flights, shares, tickets, hello, body };
}

/**
 * The hello's bytes, with pre_shared_key last when there are tickets: each binder proves its key over all before the binders
 * (RFC 8446 §4.2.11.2). `before` is what stands before this hello in the transcript under a hash.
 */
function helloBody(
  crypto: CryptoProvider,
  hello: ClientHello,
  tickets: readonly SessionTicket13[],
  now: number,
  before: ((hash: 'sha256' | 'sha384') => Uint8Array) | undefined,
): Uint8Array {
  const keyed = tickets.flatMap((ticket) => {
    const suite = cipherSuite(ticket.cipherSuite);
    return suite ? [{ ticket, hash: suite.hash, schedule: keySchedule(crypto, suite.hash) }] : [];
  });
  if (keyed.length === 0) return encode(clientHello, hello);
  const binders = keyed.map(({ schedule }) => new Uint8Array(schedule.length));
  const identities = keyed.map(({ ticket }) => ({
    identity: ticket.identity,
    // RFC 8446 §4.2.11.1.
    obfuscated_ticket_age: (Math.max(0, Math.floor(now - ticket.receivedAt)) + ticket.ageAdd) % 2 ** 32,
  }));
  const extensions = [...(hello.extensions ?? []), { kind: 'pre_shared_key', body: { identities, binders } } as const];
  const body = encode(clientHello, { ...hello, extensions });
  const length = bindersLength({ binders });
  const covered = truncatedHello(body, length);
  let at = body.length - length + 2;
  for (const { ticket, hash, schedule } of keyed) {
    const running = crypto.runningHash(hash);
    const first = before?.(hash);
    if (first) running.update(first);
    running.update(covered);
    const binder = schedule.binderKey(schedule.earlySecret(ticket.psk), 'resumption');
    body.set(schedule.verifyData(binder, running.digest()), at + 1);
    at += 1 + schedule.length;
  }
  return body;
}
