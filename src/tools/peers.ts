/**
 * The programs from outside that tests and the demo need: where they are, and how they get here. Root on Debian installs
 * what is missing; anybody else is told the command to type.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright';
import { findProgram, isExecutable, run } from './process.ts';

export interface Peer {
  readonly name: string;
  readonly why: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Without it the suite still means something outside of CI. */
  readonly optional: boolean;
  readonly find: () => string | undefined;
}

/** Chromium of `$CHROMIUM_PATH`, of PATH, or Playwright's own. Branded Chrome ignores --load-extension, so it comes last. */
export function findChromium(): string | undefined {
  const told = process.env['CHROMIUM_PATH'];
  if (told !== undefined && told !== '') return isExecutable(told) ? told : undefined;
  for (const name of ['chromium', 'chromium-browser', 'chrome-for-testing']) {
    const found = findProgram(name);
    if (found) return found;
  }
  const own = chromium.executablePath();
  return own !== '' && isExecutable(own) ? own : undefined;
}

/** Firefox of `$FIREFOX_PATH`, or of PATH. */
export function findFirefox(): string | undefined {
  const told = process.env['FIREFOX_PATH'];
  if (told !== undefined && told !== '') return isExecutable(told) ? told : undefined;
  return findProgram('firefox-esr') ?? findProgram('firefox');
}

/** Whether pkg-config knows the headers of a library. */
const headersOf = (library: string) => (): string | undefined =>
  succeeds('pkg-config', ['--exists', library]) ? findProgram('pkg-config') : undefined;

export const peers: readonly Peer[] = [
  {
    name: 'openssl',
    why: 'the DTLS peer that the engine is proved against',
    packages: ['openssl'],
    optional: false,
    find: () => findProgram('openssl'),
  },
  {
    name: 'chromium',
    why: 'the browser whose DevTools the panel is tested in',
    packages: ['chromium'],
    optional: false,
    find: findChromium,
  },
  {
    name: 'firefox',
    why: 'the other browser that the extension is for',
    packages: ['firefox-esr'],
    optional: true,
    find: findFirefox,
  },
  {
    name: 'ip',
    why: 'the network namespaces that some peers are tested in',
    packages: ['iproute2'],
    optional: true,
    find: () => findProgram('ip'),
  },
  {
    name: 'gcc',
    why: 'the compiler of the small programs that drive NSS, GnuTLS, Mbed TLS and wolfSSL',
    packages: ['gcc', 'libc6-dev'],
    optional: true,
    find: () => findProgram('gcc'),
  },
  {
    name: 'nss',
    why: "the headers of NSS, whose libraries Firefox brings: another stack's DTLS 1.3",
    packages: ['libnss3-dev', 'pkg-config'],
    optional: true,
    find: headersOf('nss'),
  },
  {
    name: 'coturn',
    why: 'the TURN relay that handshakes are proved through',
    packages: ['coturn'],
    optional: false,
    find: () => findProgram('turnserver'),
  },
  {
    name: 'gnutls',
    why: 'another DTLS stack of old gateways, both as client and as server',
    packages: ['gnutls-bin'],
    optional: true,
    find: () => findProgram('gnutls-serv'),
  },
  {
    name: 'libgnutls',
    why: 'the headers of GnuTLS, for a server of it that has many clients at once',
    packages: ['libgnutls28-dev', 'pkg-config'],
    optional: true,
    find: headersOf('gnutls'),
  },
  {
    name: 'libmbedtls',
    why: 'the library of small devices, Mbed TLS, as client and as server',
    packages: ['libmbedtls-dev'],
    optional: true,
    find: () => (existsSync('/usr/include/mbedtls/ssl_cookie.h') ? findProgram('gcc') : undefined),
  },
  {
    name: 'libwolfssl',
    why: 'another library of small devices, wolfSSL, as client and as server',
    packages: ['libwolfssl-dev', 'pkg-config'],
    optional: true,
    find: headersOf('wolfssl'),
  },
  {
    name: 'janus',
    why: 'a gateway behind ICE and signalling, as apps use it',
    packages: ['janus'],
    optional: true,
    find: () => findProgram('janus'),
  },
  {
    name: 'tshark',
    why: 'the second opinion on captures',
    packages: ['tshark'],
    optional: true,
    find: () => findProgram('tshark'),
  },
];

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

const isDebian = (): boolean =>
  existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));

const inCi = (): boolean => (process.env['CI'] ?? '') !== '';

/** What Debian asks whether a package's service may start (invoke-rc.d(8)): the tests start Janus and coturn themselves. */
const servicePolicy = '/usr/sbin/policy-rc.d';

async function withoutServices<T>(install: () => Promise<T>): Promise<T> {
  if (existsSync(servicePolicy)) return install();
  writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await install();
  } finally {
    rmSync(servicePolicy, { force: true });
  }
}

/** Makes sure that the peers are here; answers false (after saying what to type) when a needed one is not. */
export async function ensurePeers(): Promise<boolean> {
  const missing = peers.filter((peer) => peer.find() === undefined);
  if (missing.length === 0) return true;
  const packages = missing.flatMap((peer) => peer.packages);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && isDebian()) {
    process.stderr.write(`Installing from Debian: ${packages.join(' ')}\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const installed = await withoutServices(
      async () =>
        (await run('apt-get', ['update', '-qq'], '/', env)) === 0 &&
        (await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], '/', env)) === 0,
    );
    if (!installed) process.stderr.write('apt-get failed: see above.\n');
  }
  const left = peers.filter((peer) => peer.find() === undefined);
  for (const peer of left) process.stderr.write(`missing: ${peer.name}, ${peer.why}\n`);
  if (left.length > 0) {
    const wanted = left.flatMap((peer) => peer.packages).join(' ');
    process.stderr.write(
      isDebian()
        ? `Type: sudo apt-get install ${wanted}\n`
        : `Install ${wanted} with your system's package manager (Chromium may also be named by CHROMIUM_PATH).\n`,
    );
  }
  return left.every((peer) => peer.optional && !inCi());
}
