/**
 * Cipher suites: IANA names, and what each suite that dtlscope can run or explain is made of.
 * Source: https://www.iana.org/assignments/tls-parameters (2026-10).
 */
import { nameIn, type Registry } from './registry.ts';

export type KeyExchange = 'ecdhe' | 'dhe' | 'rsa' | 'any';
export type Authentication = 'ecdsa' | 'rsa' | 'any';
export type Cipher =
  | {
      readonly kind: 'aead';
      readonly aead: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
      readonly keyLength: number;
    }
  | { readonly kind: 'cbc'; readonly keyLength: number; readonly mac: 'sha1' | 'sha256' | 'sha384' };

export interface CipherSuite {
  readonly code: number;
  readonly name: string;
  /** `any` for TLS 1.3 suites, which say nothing of key exchange and authentication (RFC 8446 §B.4). */
  readonly keyExchange: KeyExchange;
  readonly authentication: Authentication;
  readonly cipher: Cipher;
  /** Hash of PRF or HKDF and of the transcript (in 1.2; 1.0 uses MD5 with SHA-1). */
  readonly hash: 'sha256' | 'sha384';
  readonly versions: readonly ('1.0' | '1.2' | '1.3')[];
}

const aes128gcm: Cipher = { kind: 'aead', aead: 'aes-128-gcm', keyLength: 16 };
const aes256gcm: Cipher = { kind: 'aead', aead: 'aes-256-gcm', keyLength: 32 };
const chacha: Cipher = { kind: 'aead', aead: 'chacha20-poly1305', keyLength: 32 };
const cbc = (keyLength: number, mac: 'sha1' | 'sha256' | 'sha384' = 'sha1'): Cipher => ({
  kind: 'cbc',
  keyLength,
  mac,
});
const legacy = ['1.0', '1.2'] as const;

const rows: readonly (readonly [
  number,
  string,
  KeyExchange,
  Authentication,
  Cipher,
  'sha256' | 'sha384',
  CipherSuite['versions'],
])[] = [
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA', 'rsa', 'rsa', cbc(16), 'sha256', legacy],
  [0x0033, 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'dhe', 'rsa', cbc(16), 'sha256', legacy],
  [0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA', 'rsa', 'rsa', cbc(32), 'sha256', legacy],
  [0x0039, 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 'dhe', 'rsa', cbc(32), 'sha256', legacy],
  [0x003c, 'TLS_RSA_WITH_AES_128_CBC_SHA256', 'rsa', 'rsa', cbc(16, 'sha256'), 'sha256', ['1.2']],
  [0x003d, 'TLS_RSA_WITH_AES_256_CBC_SHA256', 'rsa', 'rsa', cbc(32, 'sha256'), 'sha256', ['1.2']],
  [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256', 'rsa', 'rsa', aes128gcm, 'sha256', ['1.2']],
  [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384', 'rsa', 'rsa', aes256gcm, 'sha384', ['1.2']],
  [0x009e, 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'dhe', 'rsa', aes128gcm, 'sha256', ['1.2']],
  [0x009f, 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'dhe', 'rsa', aes256gcm, 'sha384', ['1.2']],
  [0x1301, 'TLS_AES_128_GCM_SHA256', 'any', 'any', aes128gcm, 'sha256', ['1.3']],
  [0x1302, 'TLS_AES_256_GCM_SHA384', 'any', 'any', aes256gcm, 'sha384', ['1.3']],
  [0x1303, 'TLS_CHACHA20_POLY1305_SHA256', 'any', 'any', chacha, 'sha256', ['1.3']],
  [0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ecdhe', 'ecdsa', cbc(16), 'sha256', legacy],
  [0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ecdhe', 'ecdsa', cbc(32), 'sha256', legacy],
  [0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ecdhe', 'rsa', cbc(16), 'sha256', legacy],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ecdhe', 'rsa', cbc(32), 'sha256', legacy],
  [0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ecdhe', 'ecdsa', cbc(16, 'sha256'), 'sha256', ['1.2']],
  [0xc024, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ecdhe', 'ecdsa', cbc(32, 'sha384'), 'sha384', ['1.2']],
  [0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ecdhe', 'rsa', cbc(16, 'sha256'), 'sha256', ['1.2']],
  [0xc028, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'ecdhe', 'rsa', cbc(32, 'sha384'), 'sha384', ['1.2']],
  [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdhe', 'ecdsa', aes128gcm, 'sha256', ['1.2']],
  [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ecdhe', 'ecdsa', aes256gcm, 'sha384', ['1.2']],
  [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe', 'rsa', aes128gcm, 'sha256', ['1.2']],
  [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ecdhe', 'rsa', aes256gcm, 'sha384', ['1.2']],
  [0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe', 'rsa', chacha, 'sha256', ['1.2']],
  [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe', 'ecdsa', chacha, 'sha256', ['1.2']],
  [0xccaa, 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'dhe', 'rsa', chacha, 'sha256', ['1.2']],
];

const byCode: ReadonlyMap<number, CipherSuite> = new Map(
  rows.map(([code, name, keyExchange, authentication, cipher, hash, versions]) => [
    code,
    { code, name, keyExchange, authentication, cipher, hash, versions },
  ]),
);

/** What a suite is made of; `undefined` for one that dtlscope can only name. */
export const cipherSuite = (code: number): CipherSuite | undefined => byCode.get(code);

/** Signalling values and suites that are only named. */
const namesOnly = {
  10: 'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  19: 'TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA',
  22: 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA',
  50: 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA',
  56: 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA',
  103: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  107: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  255: 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
  22016: 'TLS_FALLBACK_SCSV',
  4868: 'TLS_AES_128_CCM_SHA256',
  4869: 'TLS_AES_128_CCM_8_SHA256',
  // What CoAP and VPNs shake hands with: keys agreed on before, and short tags.
  140: 'TLS_PSK_WITH_AES_128_CBC_SHA',
  141: 'TLS_PSK_WITH_AES_256_CBC_SHA',
  144: 'TLS_DHE_PSK_WITH_AES_128_CBC_SHA',
  145: 'TLS_DHE_PSK_WITH_AES_256_CBC_SHA',
  168: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
  169: 'TLS_PSK_WITH_AES_256_GCM_SHA384',
  170: 'TLS_DHE_PSK_WITH_AES_128_GCM_SHA256',
  171: 'TLS_DHE_PSK_WITH_AES_256_GCM_SHA384',
  174: 'TLS_PSK_WITH_AES_128_CBC_SHA256',
  175: 'TLS_PSK_WITH_AES_256_CBC_SHA384',
  49205: 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA',
  49206: 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA',
  49207: 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256',
  49208: 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384',
  49316: 'TLS_PSK_WITH_AES_128_CCM',
  49317: 'TLS_PSK_WITH_AES_256_CCM',
  49320: 'TLS_PSK_WITH_AES_128_CCM_8',
  49321: 'TLS_PSK_WITH_AES_256_CCM_8',
  49324: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
  49325: 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM',
  49326: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
  49327: 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8',
  52395: 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
  52396: 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
  52397: 'TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
  53249: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
  53250: 'TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384',
  53253: 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256',
  // What libraries offer besides.
  7: 'TLS_RSA_WITH_IDEA_CBC_SHA',
  13: 'TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA',
  16: 'TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA',
  48: 'TLS_DH_DSS_WITH_AES_128_CBC_SHA',
  49: 'TLS_DH_RSA_WITH_AES_128_CBC_SHA',
  52: 'TLS_DH_anon_WITH_AES_128_CBC_SHA',
  54: 'TLS_DH_DSS_WITH_AES_256_CBC_SHA',
  55: 'TLS_DH_RSA_WITH_AES_256_CBC_SHA',
  62: 'TLS_DH_DSS_WITH_AES_128_CBC_SHA256',
  63: 'TLS_DH_RSA_WITH_AES_128_CBC_SHA256',
  64: 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA256',
  65: 'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA',
  66: 'TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA',
  67: 'TLS_DH_RSA_WITH_CAMELLIA_128_CBC_SHA',
  68: 'TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA',
  69: 'TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA',
  104: 'TLS_DH_DSS_WITH_AES_256_CBC_SHA256',
  105: 'TLS_DH_RSA_WITH_AES_256_CBC_SHA256',
  106: 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA256',
  132: 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA',
  133: 'TLS_DH_DSS_WITH_CAMELLIA_256_CBC_SHA',
  134: 'TLS_DH_RSA_WITH_CAMELLIA_256_CBC_SHA',
  135: 'TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA',
  136: 'TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA',
  150: 'TLS_RSA_WITH_SEED_CBC_SHA',
  151: 'TLS_DH_DSS_WITH_SEED_CBC_SHA',
  152: 'TLS_DH_RSA_WITH_SEED_CBC_SHA',
  153: 'TLS_DHE_DSS_WITH_SEED_CBC_SHA',
  154: 'TLS_DHE_RSA_WITH_SEED_CBC_SHA',
  160: 'TLS_DH_RSA_WITH_AES_128_GCM_SHA256',
  161: 'TLS_DH_RSA_WITH_AES_256_GCM_SHA384',
  162: 'TLS_DHE_DSS_WITH_AES_128_GCM_SHA256',
  163: 'TLS_DHE_DSS_WITH_AES_256_GCM_SHA384',
  164: 'TLS_DH_DSS_WITH_AES_128_GCM_SHA256',
  165: 'TLS_DH_DSS_WITH_AES_256_GCM_SHA384',
  167: 'TLS_DH_anon_WITH_AES_256_GCM_SHA384',
  178: 'TLS_DHE_PSK_WITH_AES_128_CBC_SHA256',
  179: 'TLS_DHE_PSK_WITH_AES_256_CBC_SHA384',
  180: 'TLS_DHE_PSK_WITH_NULL_SHA256',
  181: 'TLS_DHE_PSK_WITH_NULL_SHA384',
  186: 'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256',
  190: 'TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256',
  192: 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256',
  196: 'TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256',
  49155: 'TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA',
  49156: 'TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA',
  49157: 'TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA',
  49158: 'TLS_ECDHE_ECDSA_WITH_NULL_SHA',
  49160: 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA',
  49165: 'TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA',
  49166: 'TLS_ECDH_RSA_WITH_AES_128_CBC_SHA',
  49167: 'TLS_ECDH_RSA_WITH_AES_256_CBC_SHA',
  49170: 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  49189: 'TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256',
  49190: 'TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384',
  49193: 'TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256',
  49194: 'TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384',
  49197: 'TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256',
  49198: 'TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384',
  49201: 'TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256',
  49202: 'TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384',
  49210: 'TLS_ECDHE_PSK_WITH_NULL_SHA256',
  49266: 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256',
  49267: 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384',
  49268: 'TLS_ECDH_ECDSA_WITH_CAMELLIA_128_CBC_SHA256',
  49269: 'TLS_ECDH_ECDSA_WITH_CAMELLIA_256_CBC_SHA384',
  49270: 'TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256',
  49271: 'TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384',
  49272: 'TLS_ECDH_RSA_WITH_CAMELLIA_128_CBC_SHA256',
  49273: 'TLS_ECDH_RSA_WITH_CAMELLIA_256_CBC_SHA384',
  49274: 'TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256',
  49275: 'TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384',
  49276: 'TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256',
  49277: 'TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384',
  49286: 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256',
  49287: 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384',
  49288: 'TLS_ECDH_ECDSA_WITH_CAMELLIA_128_GCM_SHA256',
  49289: 'TLS_ECDH_ECDSA_WITH_CAMELLIA_256_GCM_SHA384',
  49290: 'TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256',
  49291: 'TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384',
  49292: 'TLS_ECDH_RSA_WITH_CAMELLIA_128_GCM_SHA256',
  49293: 'TLS_ECDH_RSA_WITH_CAMELLIA_256_GCM_SHA384',
  49308: 'TLS_RSA_WITH_AES_128_CCM',
  49309: 'TLS_RSA_WITH_AES_256_CCM',
  49310: 'TLS_DHE_RSA_WITH_AES_128_CCM',
  49311: 'TLS_DHE_RSA_WITH_AES_256_CCM',
  49312: 'TLS_RSA_WITH_AES_128_CCM_8',
  49313: 'TLS_RSA_WITH_AES_256_CCM_8',
  49314: 'TLS_DHE_RSA_WITH_AES_128_CCM_8',
  49315: 'TLS_DHE_RSA_WITH_AES_256_CCM_8',
  49318: 'TLS_DHE_PSK_WITH_AES_128_CCM',
  49319: 'TLS_DHE_PSK_WITH_AES_256_CCM',
} as const satisfies Registry;

export const cipherSuites: Registry = { ...namesOnly, ...Object.fromEntries(rows.map(([code, name]) => [code, name])) };
export const cipherSuiteName = nameIn(cipherSuites);
