/**
 * From flags to the engine's settings, with the defaults of the stack that the runner was written for. What the engine can't
 * be asked for is `NotImplemented`.
 */
import { readFileSync } from 'node:fs';
import { concat, utf8 } from '../../src/base/bytes.ts';
import type { Credential, PrivateKey } from '../../src/crypto/keys.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import {
  canRun,
  checkConfig,
  defaultConfig,
  type EndpointConfig,
  type KeptSession,
  type PeerTrust,
  type Role,
  type SessionTicket,
} from '../../src/engine/index.ts';
import type { ShapedExtension } from '../../src/profiles/model.ts';
import { type AlertName, numberIn, srtpProfiles, type Version, versionNumber } from '../../src/wire/registry.ts';
import { cipherSuites } from '../../src/wire/suites.ts';
import { importCertificates, importCredential } from '../../src/x509/import.ts';
import { NotImplemented, type Settings } from './flags.ts';

/** What outlives a connection: the key of the server's tickets, its sessions, and what a client may resume from. */
export interface Memory {
  readonly ticketKey: Uint8Array;
  readonly sessions: Map<string, KeptSession>;
  ticket: SessionTicket | undefined;
}

/** One connection's endpoint, and what the checks afterwards need. */
export interface Setup {
  readonly config: EndpointConfig;
  readonly provider: CryptoProvider;
  /** Which of the credentials signed last: -1 for that of the flags before the first `-new-x509-credential`. */
  readonly selected: () => number | undefined;
}

const newestFirst = ['1.3', '1.2', '1.0'] as const satisfies readonly Version[];

/** In the order of the stack that the runner knows, where it has hardware for AES. */
const suites12 = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014];
const suitesRsa = [0x009c, 0x009d, 0x002f, 0x0035];
const suites13 = [0x1301, 0x1302, 0x1303];
const verifySchemes = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201];
const signSchemes = [0x0807, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0203, 0x0201];
/** Two days and two tickets, as BoringSSL's servers give them. */
const ticketLifetimeS = 172_800;
const ticketCount = 2;
/** Below this BoringSSL takes no MTU, and stays with the one before. */
export const leastBogoMtu = 228;

/** The versions that the flags leave, newest first, and those of them that the engine speaks. */
export function versionsOf(settings: Settings): { readonly wanted: Version[]; readonly spoken: Version[] } {
  // The older contract comes from a time without DTLS 1.3.
  const newest = settings.maxVersion ?? versionNumber[settings.shimId === undefined ? '1.2' : '1.3'];
  const oldest = settings.minVersion ?? versionNumber['1.0'];
  // Version numbers of DTLS fall as versions rise.
  const wanted = newestFirst.filter(
    (version) =>
      versionNumber[version] >= newest && versionNumber[version] <= oldest && !settings.excluded.has(version),
  );
  return { wanted, spoken: wanted.filter(speaks) };
}

/** Whether the engine speaks a version at all. */
function speaks(version: Version): boolean {
  try {
    checkConfig({ ...defaultConfig('client'), versions: [version], cipherSuites: allSuites, allowWeak: true });
    return true;
  } catch {
    return false;
  }
}

const pskSuites = [0x008c, 0x008d, 0xc035, 0xc036, 0xccac];
/** Suites of DTLS 1.2 that the stack has which the runner was written for: 3DES, CBC and PSK are among them. */
export const runnerSuites: readonly number[] = [...suites12, ...suitesRsa, 0x000a, 0xc027, ...pskSuites];
const allSuites = [...suites13, ...suites12, 0xc027, ...suitesRsa];

export function setupFor(settings: Settings, memory: Memory, resuming: boolean): Setup {
  const role: Role = settings.server ? 'server' : 'client';
  const { wanted, spoken } = versionsOf(settings);
  if (wanted.length === 0) throw new Error('no version is left\n:NO_SUPPORTED_VERSIONS_ENABLED:');
  if (spoken.length === 0) throw new NotImplemented(`DTLS ${wanted.join(' or ')}`);
  const versions = [...spoken];
  const credentials = credentialsOf(settings);
  const base = defaultConfig(role);
  const groups = groupsOf(settings, versions);
  const start = settings.initialTimeoutMs ?? (settings.shimId === undefined ? 1000 : 400);
  const config: EndpointConfig = {
    ...base,
    versions,
    cipherSuites: suitesOf(settings, versions),
    groups,
    signatureSchemes: settings.verifyPrefs.length > 0 ? settings.verifyPrefs : verifySchemes,
    signingSchemes: signSchemes,
    credentials: credentials.map(({ credential }) => credential),
    clientAuth: settings.requireAnyClientCertificate ? 'require' : settings.verifyPeer ? 'request' : 'none',
    trust: trustOf(settings, resuming),
    alpn: alpnOf(settings),
    srtpProfiles: profilesOf(settings),
    extendedMasterSecret: 'offer',
    allowWeak: true,
    // BoringSSL never had it.
    encryptThenMac: false,
    sessionTicket: !settings.noTicket,
    ...(settings.keyShares && { keyShares: settings.keyShares }),
    ...(role === 'client' && resuming && memory.ticket && { resume: [memory.ticket] }),
    ...(role === 'server' &&
      !settings.noTicket && {
        tickets: { key: memory.ticketKey, count: ticketCount, lifetimeSeconds: ticketLifetimeS },
      }),
    ...(role === 'server' && { sessions: memory.sessions }),
    mtu: settings.mtu !== undefined && settings.mtu >= leastBogoMtu ? settings.mtu : 1472,
    packing: 'packed',
    filledRecords: true,
    acks: 'timed',
    // Its MTU falls when the transport says so, and the runner's never does.
    mtuSteps: [],
    retransmission: { start, growth: 2, cap: 60_000, attempts: 12, startsAnew: true },
    // BoringSSL repeats nothing but its last flight when the peer repeats what it answered.
    faults: { neverAgain: ['repeat'] },
    replayWindow: 256,
    limits: {
      ...base.limits,
      messagesAhead: 7,
      messageBytes: settings.maxCertList ?? 102_400,
      // It lets go of data that overtakes the Finished, and of records whose keys are not there.
      recordsAhead: 0,
      chainLength: 100,
    },
  };
  const shaped = role === 'client' ? shapeOf(settings, config) : undefined;
  const { provider, selected } = watching(credentials);
  return { config: shaped ? { ...config, hello: shaped } : config, provider, selected };
}

/**
 * Also the suites that the engine can't run: a runner that picks one of them is told apart from one that wants none of ours.
 */
function suitesOf(settings: Settings, versions: readonly Version[]): number[] {
  const named =
    settings.cipher === undefined
      ? runnerSuites.filter((code) => !pskSuites.includes(code))
      : suitesNamed(settings.cipher);
  // The flag is about DTLS 1.2 and older alone.
  const suites = [...suites13, ...named];
  for (const version of versions)
    if (!suites.some((code) => canRun(code, version)))
      throw new NotImplemented(`suites of ${settings.cipher} in DTLS ${version}`);
  return suites;
}

/** Names, separated by colons; brackets of equal preference mean an order here. */
function suitesNamed(list: string): number[] {
  return list.split(/[:|]/).flatMap((part) => {
    const name = part.replace(/^\[|\]$/g, '');
    if (name === 'ALL' || name === 'DEFAULT') return allSuites.slice(suites13.length);
    const code = numberIn(cipherSuites, name) ?? openSslNames[name];
    if (code === undefined) throw new NotImplemented(`"${name}" in a list of suites`);
    return [code];
  });
}

const openSslNames: Readonly<Record<string, number>> = {
  'ECDHE-ECDSA-AES128-GCM-SHA256': 0xc02b,
  'ECDHE-RSA-AES128-GCM-SHA256': 0xc02f,
  'ECDHE-ECDSA-AES256-GCM-SHA384': 0xc02c,
  'ECDHE-RSA-AES256-GCM-SHA384': 0xc030,
  'ECDHE-ECDSA-CHACHA20-POLY1305': 0xcca9,
  'ECDHE-RSA-CHACHA20-POLY1305': 0xcca8,
  'ECDHE-ECDSA-AES128-SHA': 0xc009,
  'ECDHE-RSA-AES128-SHA': 0xc013,
  'ECDHE-ECDSA-AES256-SHA': 0xc00a,
  'ECDHE-RSA-AES256-SHA': 0xc014,
  'ECDHE-RSA-AES128-SHA256': 0xc027,
  'AES128-GCM-SHA256': 0x009c,
  'AES256-GCM-SHA384': 0x009d,
  'AES128-SHA': 0x002f,
  'AES256-SHA': 0x0035,
};

function groupsOf({ curves, shimId }: Settings, versions: readonly Version[]): number[] {
  const byDefault = shimId === undefined ? [29, 23, 24] : [4588, 29, 23, 24];
  const wanted = curves.length > 0 ? curves : byDefault;
  const groups = wanted.filter((group) => nodeProvider.supportsGroup(group));
  if (groups.length === 0) throw new NotImplemented(`groups ${wanted.join(' ')}`);
  try {
    checkConfig({ ...defaultConfig('client'), versions, cipherSuites: allSuites, groups, allowWeak: true });
  } catch {
    throw new NotImplemented(`groups ${wanted.join(' ')} in DTLS ${versions.join(' and ')}`);
  }
  return groups;
}

interface Indexed {
  readonly credential: Credential;
  readonly index: number;
  readonly signingPrefs: readonly number[];
}

function credentialsOf(settings: Settings): Indexed[] {
  const found = settings.credentials.flatMap(({ certFile, keyFile, signingPrefs }, i): Indexed[] => {
    if (certFile === undefined || keyFile === undefined) return [];
    const imported = importCredential(readFileSync(certFile), readFileSync(keyFile));
    if (!imported.ok) throw new NotImplemented(`${certFile}: ${imported.error.why}`);
    return [{ credential: imported.credential, index: i - 1, signingPrefs }];
  });
  if (settings.server && found.length === 0) throw new NotImplemented('a server without a certificate');
  // Those that were added come before the one that was always there.
  return [...found.filter(({ index }) => index >= 0), ...found.filter(({ index }) => index < 0)];
}

/** The peer's certificates of `-expect-peer-cert-file`, DER. */
export function expectedChain(path: string): readonly Uint8Array[] {
  const imported = importCertificates(readFileSync(path));
  if (!imported.ok) throw new NotImplemented(`${path}: ${imported.error.why}`);
  return imported.chain;
}

/** A provider that signs only with the schemes that the flags allow a credential, and remembers which of them signed. */
function watching(credentials: readonly Indexed[]): Pick<Setup, 'provider' | 'selected'> {
  let selected: number | undefined;
  const of = (key: PrivateKey): Indexed | undefined => credentials.find(({ credential }) => credential.key === key);
  const provider: CryptoProvider = {
    ...nodeProvider,
    canSign(key, scheme) {
      const prefs = of(key)?.signingPrefs ?? [];
      return (prefs.length === 0 || prefs.includes(scheme)) && nodeProvider.canSign(key, scheme);
    },
    sign(key, scheme, message, random) {
      selected = of(key)?.index;
      return nodeProvider.sign(key, scheme, message, random);
    },
  };
  return { provider, selected: () => selected };
}

/** Trust in nobody: a fingerprint that no certificate has. */
const nobody = (alert: AlertName): PeerTrust => ({
  kind: 'fingerprints',
  fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }],
  alert,
});

/** Without a flag that demands a check the result of one is not heeded. A resumed session was checked when it was new. */
function trustOf(settings: Settings, resuming: boolean): PeerTrust {
  const heeded = settings.verifyPeer || settings.requireAnyClientCertificate;
  const asked = !settings.server || heeded;
  const checked = !resuming || settings.reverifyOnResume || settings.expectSessionMiss;
  return settings.verifyFail && heeded && asked && checked
    ? nobody(settings.customVerify ? 'certificate_unknown' : 'handshake_failure')
    : { kind: 'any' };
}

function alpnOf(settings: Settings): string[] {
  if (!settings.server) return settings.advertiseAlpn === undefined ? [] : protocolNames(settings.advertiseAlpn);
  if (settings.declineAlpn) return [];
  // Not a name that anybody offers.
  if (settings.rejectAlpn) return ['none of these'];
  return settings.selectAlpn === undefined ? [] : [settings.selectAlpn];
}

/** ProtocolNameList without its length (RFC 7301 §3.1). */
export function protocolNames(list: string): string[] {
  const names: string[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list.charCodeAt(at);
    names.push(list.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}

function profilesOf({ srtpProfiles: list }: Settings): number[] {
  return (list ?? '')
    .split(':')
    .filter((name) => name !== '')
    .map((name) => {
      // OpenSSL's names leave the HMAC out.
      const number = numberIn(srtpProfiles, name) ?? numberIn(srtpProfiles, name.replace('_SHA1_', '_HMAC_SHA1_'));
      if (number === undefined) throw new NotImplemented(`SRTP profile ${name}`);
      return number;
    });
}

/** A ClientHello with what only a shape can have: server_name, and a shuffled order. */
function shapeOf({ hostName, permuteExtensions }: Settings, config: EndpointConfig): EndpointConfig['hello'] {
  if (hostName === undefined && !permuteExtensions) return undefined;
  const has12 = config.versions.some((version) => version !== '1.3');
  const name: ShapedExtension[] =
    hostName === undefined
      ? []
      : [
          {
            kind: 'server_name',
            body: { server_name_list: [{ name_type: 0, host_name: utf8(hostName) }] },
          },
        ];
  const old: ShapedExtension[] = has12
    ? [
        'extended_master_secret',
        { kind: 'renegotiation_info', body: { renegotiated_connection: concat() } },
        { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
        'session_ticket',
      ]
    : [];
  const [first] = config.groups;
  return {
    legacyVersion: versionNumber['1.2'],
    sessionIdLength: 0,
    compressionMethods: [0],
    supportedVersions: config.versions.map((version) => versionNumber[version]),
    keyShares: config.keyShares ?? (first === 4588 ? [4588, 29] : first === undefined ? [] : [first]),
    extensions: [
      ...name,
      ...old,
      'supported_groups',
      'application_layer_protocol_negotiation',
      'signature_algorithms',
      'use_srtp',
      'supported_versions',
      { kind: 'psk_key_exchange_modes', body: { ke_modes: [1] } },
      'cookie',
      'key_share',
    ],
    order: permuteExtensions ? 'shuffled' : 'fixed',
  };
}
