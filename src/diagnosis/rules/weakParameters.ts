import type { Handshake } from '../../analysis/model.ts';
import { cipherSuite, cipherSuiteName } from '../../wire/suites.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf } from '../story.ts';
import { list } from '../words.ts';

export const weakParameters = rule(
  {
    id: 'weak-parameters',
    title: 'What the two sides agreed on is weak',
    signature:
      'The ServerHello chooses DTLS 1.0, AES-CBC with its MAC inside, RSA key exchange or an older cipher, or a signature or certificate is made with SHA-1 or MD5, or with an RSA key below 2048 bits.',
    see: 'RFC 9325 §3.1.1',
    doc: {
      why: 'The handshake may well complete, and what it protects can be read or forged by somebody with time: DTLS 1.0 hangs on MD5 and SHA-1, AES-CBC with its MAC inside leaks its padding, RSA key exchange has no forward secrecy. Browsers refuse most of it, so that an app which works with one client fails with another.',
      fix: 'Update the TLS library of the side that chose, or widen its list: DTLS 1.2 with ECDHE and AES-GCM is what every WebRTC stack has. dtlscope itself agrees on none of it without `--allow-weak`.',
    },
  },
  (handshake) => {
    const found = weaknesses(handshake);
    const answer = handshake.flights.findLast(({ messages }) => messages.includes('server_hello'));
    if (found.length === 0 || !answer) return undefined;
    return {
      severity: 'warning',
      why: `Agreed on: ${list(found)}.`,
      fix: 'Let the server choose DTLS 1.2 or newer with ECDHE and AES-GCM or ChaCha20-Poly1305, which every WebRTC stack of today has: it needs a newer TLS library, or a list of suites and versions that nobody has narrowed. Browsers refuse DTLS 1.0 already.',
      evidence: evidenceOf(datagramsOf(handshake, answer.packets).slice(0, 1)),
    };
  },
);

/** Ciphers that dtlscope knows by name alone, and that were weak long ago. */
const oldCiphers = /NULL|RC4|3DES|_DES_|EXPORT|anon|_MD5$/;

function weaknesses({ parameters, certificates }: Handshake): readonly string[] {
  const { version, signature } = parameters;
  const suite = parameters.cipherSuite === undefined ? undefined : cipherSuite(parameters.cipherSuite);
  const name = parameters.cipherSuite === undefined ? '' : cipherSuiteName(parameters.cipherSuite);
  const found: string[] = [];
  if (version === '1.0') found.push('DTLS 1.0, whose handshake hangs on MD5 and SHA-1');
  if (suite?.keyExchange === 'rsa') found.push('RSA key exchange: who gets the server’s key later can read it all');
  if (suite?.cipher.kind === 'cbc' && !parameters.encryptThenMac)
    found.push('AES-CBC with its MAC inside, which can be told from outside (Lucky Thirteen)');
  if (oldCiphers.test(name)) found.push(name);
  if (signature === 0x0201 || signature === 0x0203) found.push('a SHA-1 signature of the server');
  for (const side of ['server', 'client'] as const) {
    const [leaf] = certificates[side];
    if (/sha1|md5/i.test(leaf?.signature ?? ''))
      found.push(`a certificate of the ${side} signed with ${leaf?.signature}`);
    const bits = Number(/^RSA (\d+)$/.exec(leaf?.key ?? '')?.[1] ?? 2048);
    if (bits < 2048) found.push(`an RSA key of ${bits} bits in the ${side}’s certificate`);
  }
  return found;
}
