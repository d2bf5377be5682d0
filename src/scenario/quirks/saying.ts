/** Quirks of what is said: messages, keys, offers, and the part that is played. */
import { cipherSuite } from '../../wire/suites.ts';
import type { Quirk } from './model.ts';

export const messages = {
  'wrong-finished': {
    group: 'messages',
    about: 'sends a Finished with one bit wrong',
    rows: ['S3'],
    finding: 'finished-decrypt-failure',
    faults: { says: ['wrong-finished'] },
  },
  'wrong-signature': {
    group: 'messages',
    about: 'signs wrongly: one bit of ServerKeyExchange or CertificateVerify is another',
    rows: ['21'],
    finding: 'signature-mismatch',
    faults: { says: ['wrong-signature'] },
  },
  'hashed-twice': {
    group: 'messages',
    about: 'hashes a message of the handshake again when it is repeated, so that no Finished fits any more',
    rows: ['42'],
    finding: 'finished-decrypt-failure',
    faults: { transcript: 'with-repeats' },
  },
  'wrong-keys': {
    group: 'messages',
    about: 'protects its records with keys that nobody else can come to, which peers drop without a word',
    rows: ['45'],
    finding: 'finished-decrypt-failure',
    faults: { keys: 'wrong' },
  },
  'tls13-labels': {
    group: 'messages',
    about:
      'derives its keys with the label "tls13 " in place of "dtls13": the client can acknowledge the ServerHello alone',
    versions: ['1.3'],
    rows: ['17'],
    finding: 'only-server-hello-acknowledged',
    faults: { keys: 'tls13-labels' },
  },
  'empty-authorities': {
    group: 'messages',
    about: 'puts an empty certificate_authorities extension into its CertificateRequest',
    role: 'server',
    versions: ['1.3'],
    rows: ['18'],
    finding: 'empty-certificate-authorities',
    faults: { says: ['empty-certificate-authorities'] },
    settings: ({ clientAuth }) => ({ clientAuth: clientAuth === 'none' ? 'request' : clientAuth }),
  },
  'no-ecdsa-sign': {
    group: 'messages',
    about: 'asks for certificates of type rsa_sign alone, so that a client with an ECDSA one shows none',
    role: 'server',
    versions: ['1.2'],
    rows: ['19'],
    finding: 'certificate-request-without-ecdsa',
    faults: { says: ['no-ecdsa-sign'] },
    settings: ({ clientAuth }) => ({ clientAuth: clientAuth === 'none' ? 'request' : clientAuth }),
  },
} as const satisfies Record<string, Quirk>;

/** SRTP_NULL_HMAC_SHA1_80, which nobody who wants media offers (RFC 5764 §4.1.2). */
const nullSrtp = 0x0005;
/** x448, which no WebRTC stack speaks. */
const x448 = 0x001e;

export const agreeing = {
  'dtls-1.0': {
    group: 'agreeing',
    about: 'answers with a ServerHello of version feff, as a gateway of DTLS 1.0 (to be one, allow what is weak)',
    role: 'server',
    versions: ['1.2'],
    rows: ['22'],
    finding: 'version-mismatch',
    faults: { says: ['version-1.0'] },
    settings: () => ({ versions: ['1.2'] }),
  },
  'no-use-srtp': {
    group: 'agreeing',
    about: 'neither offers nor answers use_srtp',
    rows: ['26'],
    finding: 'srtp-not-negotiated',
    settings: () => ({ srtpProfiles: [] }),
  },
  'no-common-srtp': {
    group: 'agreeing',
    about: 'knows no SRTP profile but one without encryption, so that none is agreed',
    rows: ['27'],
    finding: 'no-common-srtp-profile',
    settings: () => ({ srtpProfiles: [nullSrtp] }),
  },
  'no-common-group': {
    group: 'agreeing',
    about: 'knows no group but x448, as a server without P-256',
    rows: ['30'],
    finding: 'no-common-group',
    settings: () => ({ groups: [x448] }),
  },
  'suite-for-other-key': {
    group: 'agreeing',
    about: 'knows in DTLS 1.2 only suites that do not fit its certificate, RSA for ECDSA or the reverse',
    role: 'server',
    versions: ['1.2'],
    rows: ['29'],
    finding: 'certificate-suite-mismatch',
    settings: ({ cipherSuites, credentials }) => ({
      versions: ['1.2'],
      cipherSuites: cipherSuites.filter((code) => {
        const authentication = cipherSuite(code)?.authentication;
        const rsa = credentials.some(({ key }) => key.kind === 'rsa');
        return authentication === (rsa ? 'ecdsa' : 'rsa');
      }),
      credentials: credentials.filter(
        ({ key }) => (key.kind === 'rsa') === credentials.some((one) => one.key.kind === 'rsa'),
      ),
    }),
  },
  'no-ems': {
    group: 'agreeing',
    about: 'neither offers nor answers extended_master_secret',
    versions: ['1.2'],
    rows: ['31'],
    finding: 'extended-master-secret-missing',
    settings: () => ({ extendedMasterSecret: 'off' }),
  },
  'ems-required': {
    group: 'agreeing',
    about: 'ends the handshake with a peer that does not know extended_master_secret',
    versions: ['1.2'],
    rows: ['31'],
    finding: 'extended-master-secret-missing',
    settings: () => ({ extendedMasterSecret: 'require' }),
  },
  'empty-certificate': {
    group: 'agreeing',
    about: 'shows no certificate when it is asked for one',
    role: 'client',
    rows: ['19'],
    finding: 'empty-client-certificate',
    settings: () => ({ credentials: [] }),
  },
  'wrong-fingerprint': {
    group: 'agreeing',
    about: 'announces another fingerprint in signalling than its certificate has',
    rows: ['28'],
    finding: 'fingerprint-mismatch',
    announces: 'wrong-fingerprint',
  },
} as const satisfies Record<string, Quirk>;

export const roles = {
  'both-active': {
    group: 'roles',
    about: 'sends a ClientHello of its own, although it is to be the server',
    role: 'server',
    rows: ['24'],
    finding: 'both-active',
    faults: { plays: 'other-role' },
  },
  'both-passive': {
    group: 'roles',
    about: 'waits for a ClientHello, although it is to be the client',
    role: 'client',
    rows: ['23', '25'],
    finding: 'both-passive',
    faults: { plays: 'other-role' },
  },
  'begins-anew': {
    group: 'roles',
    about: 'forgets everything once the handshake is complete, and sends a new ClientHello from the same address',
    role: 'client',
    rows: ['37', '38'],
    finding: 'stale-association',
    faults: { afterFinished: 'begins-anew' },
  },
  'live-hello-ignored': {
    group: 'roles',
    about: 'ignores a client that begins anew from the address of a live association',
    role: 'server',
    rows: ['37'],
    finding: 'stale-association',
    faults: { liveHello: 'ignored' },
    listens: true,
  },
  'role-switch': {
    group: 'roles',
    about: 'becomes the client once the handshake is complete, on the association where it was the server',
    role: 'server',
    rows: ['S6', '38'],
    finding: 'stale-association',
    faults: { afterFinished: 'switches-role' },
  },
} as const satisfies Record<string, Quirk>;
