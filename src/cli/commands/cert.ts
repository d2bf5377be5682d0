/** `dtlscope cert`: a key and a certificate chain to order. */
import type { Command as Cli } from 'commander';
import { keyName } from '../../crypto/keys.ts';
import { nodeProvider } from '../../crypto/node/index.ts';
import { describeProblem } from '../../scenario/index.ts';
import { fingerprintOf, formatFingerprint } from '../../x509/fingerprint.ts';
import { certificatesToPem, credentialToPem, privateKeyToPem } from '../../x509/import.ts';
import { privateKeyDer } from '../../x509/privateKey.ts';
import { parseCredentialSpec } from '../../x509/spec.ts';
import { generate } from '../credentials.ts';
import { Exit, type ExitCode, Stop } from '../exit.ts';
import { writeOutput } from '../files.ts';
import type { Terminal } from '../terminal.ts';

interface CertFlags {
  readonly certOut?: string;
  readonly keyOut?: string;
  readonly der?: boolean;
}

const grammar = `
SPEC is a kind of key, then options, separated by commas:
  ecdsa-p256 | ecdsa-p384 | ecdsa-p521 | rsa-2048 | rsa-3072 | rsa-4096 | ed25519
  chain=N          certificates in the chain: leaf, intermediates, root
  ca=KIND          kind of the issuers' keys, when another than the leaf's
  size=BYTES       bytes of all certificates together (DER), to the byte
  leaf=BYTES       bytes of the leaf alone
  days=N           how long the leaf is valid; or: expired, not-yet-valid, from=DATE,until=DATE
  cn=NAME          common name of the leaf

Examples:
  dtlscope cert ecdsa-p256 > both.pem
  dtlscope cert rsa-4096,chain=3,size=3700 --cert-out chain.pem --key-out key.pem
  dtlscope cert rsa-2048,expired --der --cert-out leaf.der --key-out key.der`;

export function addCert(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('cert')
    .summary('make a certificate and its key to order')
    .description('Makes a private key and a certificate chain, and writes them as PEM: to stdout, or to files.')
    .argument('[spec]', 'what to make', 'ecdsa-p256')
    .option('--cert-out <file>', 'write the chain there, leaf first')
    .option('--key-out <file>', 'write the private key there (PKCS#8)')
    .option('--der', 'write DER instead of PEM: the leaf to --cert-out, its issuers to files numbered after it')
    .addHelpText('after', grammar)
    .action(async (spec: string, flags: CertFlags) => done(await cert(spec, flags, terminal)));
}

/** Makes and writes; what it made is said on stderr. */
export async function cert(text: string, flags: CertFlags, terminal: Terminal): Promise<ExitCode> {
  const parsed = parseCredentialSpec(text);
  if (!parsed.ok) {
    const { at, why } = parsed.error;
    throw new Stop(
      Exit.usage,
      describeProblem({ where: 'SPEC', given: text, what: `is not right: ${why}`, allowed: undefined, at }),
      'See: dtlscope cert --help',
    );
  }
  const { certOut, keyOut, der } = flags;
  if (der && (certOut === undefined || keyOut === undefined))
    throw new Stop(Exit.usage, '--der needs --cert-out and --key-out: DER is not for a terminal.');
  if (certOut !== undefined && certOut === keyOut)
    throw new Stop(
      Exit.usage,
      '--cert-out and --key-out name the same file.',
      'Without both, key and chain go to stdout together.',
    );

  const { credential } = await generate(parsed.spec);
  const { chain, key } = credential;
  if (der)
    for (const [index, certificate] of chain.entries()) writeOutput(nth(certOut ?? '', index), certificate, false);
  else if (certOut !== undefined) writeOutput(certOut, certificatesToPem(chain), false);
  if (keyOut !== undefined) writeOutput(keyOut, der ? privateKeyDer(key) : privateKeyToPem(key), true);
  if (certOut === undefined && keyOut === undefined) terminal.print(credentialToPem(credential));
  else if (certOut === undefined) terminal.print(certificatesToPem(chain));
  else if (keyOut === undefined) terminal.print(privateKeyToPem(key));

  const bytes = chain.reduce((sum, { length }) => sum + length, 0);
  const [leaf] = chain;
  const count = chain.length === 1 ? '1 certificate' : `${chain.length} certificates`;
  terminal.say(`${keyName(key)}, ${count}, ${bytes} bytes`);
  if (leaf) terminal.say(formatFingerprint(fingerprintOf(leaf, 'sha256', nodeProvider)));
  return Exit.held;
}

/** `leaf.der`, `leaf-2.der`, `leaf-3.der` */
const nth = (path: string, index: number): string =>
  index === 0 ? path : path.replace(/(\.[^./\\]*)?$/, (ending) => `-${index + 1}${ending}`);
