/**
 * Settings: what an endpoint does when nobody says otherwise, and what no endpoint can work with. Figures are those that
 * RFC 6347 recommends and WebRTC needs (RFC 8827 §6.5); what a particular stack does belongs in `profiles`.
 */
import { signatureScheme } from '../crypto/schemes.ts';
import type { Version } from '../wire/registry.ts';
import { cipherSuite } from '../wire/suites.ts';
import type { EndpointConfig, Role } from './api.ts';

/**
 * The smallest MTU that still carries a byte of every message: record header, explicit nonce and tag, handshake header
 * take 49 bytes, and the cookie exchange and alerts fit as well.
 */
export const leastMtu = 64;
/** What an IPv4 datagram can carry (65535 less IP and UDP headers). */
const mostMtu = 65507;

/** The settings of an endpoint that speaks DTLS 1.3 and 1.2 as a WebRTC stack would: change what the case needs. */
export const defaultConfig = (role: Role): EndpointConfig => ({
  role,
  versions: ['1.3', '1.2'],
  // Those of a version that is not spoken are not offered.
  cipherSuites: [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030],
  groups: [0x11ec, 0x001d, 0x0017, 0x0018],
  signatureSchemes: [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601],
  credentials: [],
  clientAuth: 'none',
  trust: { kind: 'any' },
  alpn: [],
  srtpProfiles: [],
  extendedMasterSecret: 'offer',
  sessionTicket: false,
  allowWeak: false,
  cookie: false,
  mtu: 1200,
  packing: 'packed',
  fragment: undefined,
  // RFC 6347 §4.2.4.1.
  retransmission: { start: 1000, growth: 2, cap: 60_000, attempts: 12 },
  // RFC 6347 §4.1.1.1, RFC 9147 §4.4: after repeated silence what the smallest IPv4 path carries (576 less IP and UDP headers).
  mtuSteps: [{ fromRetransmission: 2, mtu: 548 }],
  // Twice the maximum segment lifetime of two minutes (RFC 6347 §4.2.4).
  lastFlightMs: 240_000,
  replayWindow: 64,
  limits: {
    messageBytes: 65_536,
    messagesAhead: 8,
    recordsAhead: 32,
    chainLength: 10,
    unverifiedHellos: 8,
    unverifiedMs: 10_000,
  },
});

/** Whether the engine can run a suite, as opposed to naming it: all that it knows, but for finite-field Diffie-Hellman. */
export function canRun(code: number, version?: Version): boolean {
  const suite = cipherSuite(code);
  return (
    suite !== undefined && suite.keyExchange !== 'dhe' && (version === undefined || suite.versions.includes(version))
  );
}

/** Suites that are known to be weak: AES-CBC by its padding (Lucky Thirteen), RSA key exchange by the lack of forward secrecy. */
export function isWeakSuite(code: number): boolean {
  const suite = cipherSuite(code);
  return suite?.cipher.kind === 'cbc' || suite?.keyExchange === 'rsa';
}

/** Signature schemes with SHA-1 or MD5. */
export function isWeakScheme(code: number): boolean {
  const scheme = signatureScheme(code);
  return scheme !== undefined && 'hash' in scheme && ['sha1', 'md5-sha1', 'md5'].includes(scheme.hash);
}

/** Whether these settings let a suite be agreed. */
export const mayRun = (config: EndpointConfig, code: number, version: Version): boolean =>
  canRun(code, version) && (config.allowWeak === true || !isWeakSuite(code));

/** Whether a suite is one of a version that is not among these: such a suite is not to be offered. Unknown ones may be. */
export const foreignSuite = (code: number, versions: readonly Version[]): boolean =>
  cipherSuite(code)?.versions.every((version) => !versions.includes(version)) ?? false;

/** Groups of DTLS 1.3 alone, X25519MLKEM768 and its kin: their shares do not fit into ServerKeyExchange. */
const hybrids: readonly number[] = [4587, 4588, 4589];
export const isHybrid = (group: number): boolean => hybrids.includes(group);

const hasSuite = (config: EndpointConfig, version: Version): boolean =>
  config.cipherSuites.some((code) => mayRun(config, code, version));
const hasGroup = (config: EndpointConfig, version: Version): boolean =>
  config.groups.some((group) => version === '1.3' || !isHybrid(group));

/** The settings without the versions for which they have no suite or no group: who gives one suite means its version. */
export function withSpokenVersions(config: EndpointConfig): EndpointConfig {
  const versions = config.versions.filter((version) => hasSuite(config, version) && hasGroup(config, version));
  return versions.length === config.versions.length ? config : { ...config, versions };
}

/** Throws a `RangeError` that names the setting no endpoint could work with. */
export function checkConfig(config: EndpointConfig): void {
  const reject = (what: string): never => {
    throw new RangeError(what);
  };
  const atLeast = (name: string, value: number, least: number): void => {
    if (!Number.isFinite(value) || value < least) reject(`${name} must be at least ${least}, not ${value}`);
  };
  if (config.versions.length === 0) reject('versions: none is given');
  const versions = config.versions.join(' or ');
  // Said by name: who asks for nothing but what is weak would otherwise read that nothing fits.
  const couldRun = (version: Version): boolean => config.cipherSuites.some((code) => canRun(code, version));
  if (!config.versions.some((version) => hasSuite(config, version)) && config.versions.some(couldRun))
    reject(`allowWeak: all that is left of DTLS ${versions} is weak, and has to be allowed (--allow-weak)`);
  if (!config.versions.some((version) => hasSuite(config, version)))
    reject(`cipherSuites: none of these is one that the engine can run in DTLS ${versions}`);
  if (!config.versions.some((version) => hasSuite(config, version) && hasGroup(config, version)))
    reject(`groups: DTLS ${versions} needs at least one of its own`);
  if (config.signatureSchemes.length === 0) reject('signatureSchemes: at least one is needed');
  if (!Number.isInteger(config.mtu) || config.mtu < leastMtu || config.mtu > mostMtu)
    reject(`mtu must be a whole number from ${leastMtu} to ${mostMtu}, not ${config.mtu}`);
  if (config.fragment !== undefined && (!Number.isInteger(config.fragment) || config.fragment < 1))
    reject(`fragment must be a whole number of at least 1 byte, not ${config.fragment}`);
  const { start, growth, cap, attempts } = config.retransmission;
  atLeast('retransmission.start', start, 1);
  atLeast('retransmission.growth', growth, 1);
  atLeast('retransmission.cap', cap, 1);
  atLeast('retransmission.attempts', attempts, 0);
  atLeast('lastFlightMs', config.lastFlightMs, 0);
  const { recordSizeLimit } = config;
  // RFC 8449 §4.
  if (
    recordSizeLimit !== undefined &&
    !(Number.isInteger(recordSizeLimit) && recordSizeLimit >= 64 && recordSizeLimit <= 0xffff)
  )
    reject(`recordSizeLimit must be a whole number from 64 to 65535, not ${recordSizeLimit}`);
  atLeast('replayWindow', config.replayWindow, 1);
  const { limits } = config;
  atLeast('limits.messageBytes', limits.messageBytes, 1);
  atLeast('limits.messagesAhead', limits.messagesAhead, 0);
  atLeast('limits.recordsAhead', limits.recordsAhead, 0);
  atLeast('limits.chainLength', limits.chainLength, 1);
  if (config.tickets) {
    const { key, count, lifetimeSeconds } = config.tickets;
    if (key.length !== 32) reject(`tickets.key has 32 bytes, not ${key.length}`);
    atLeast('tickets.count', count, 0);
    atLeast('tickets.lifetimeSeconds', lifetimeSeconds, 1);
    // RFC 8446 §4.6.1.
    if (lifetimeSeconds > 604_800) reject('tickets.lifetimeSeconds: at most seven days');
  }
  const trusted = config.trust.kind === 'fingerprints' ? config.trust.fingerprints : undefined;
  if (trusted?.length === 0) reject('trust: an empty list of fingerprints trusts nobody');
  if (config.role === 'server') {
    if (config.credentials.length === 0) reject('credentials: a server needs at least one');
    // Otherwise the fingerprints would look like a check that is never made.
    if (trusted && config.clientAuth === 'none')
      reject('clientAuth: fingerprints can only be checked when the client is asked for its certificate');
  }
  for (const credential of config.credentials)
    if (credential.chain.length === 0) reject('credentials: a chain holds at least one certificate');
}
