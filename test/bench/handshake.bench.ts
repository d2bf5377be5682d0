/**
 * Complete handshakes in memory, both ends, with mutual ECDSA P-256 certificates: on our two backends, on OpenSSL's own
 * library and on werift, in turn and in one run; beside noble's rate what the raw primitives cost. And what one allocates.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contestant, type Count, nodeContestant, pinned } from './handshake/contestant.ts';
import { startOpenssl } from './handshake/openssl.ts';
import { serveOurs } from './handshake/ours.ts';
import { serveWerift, weriftHelp, weriftVersion } from './handshake/werift.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What a contestant's process runs. */
export const serve = (who: string): Promise<void> => (who === 'werift' ? serveWerift(root) : serveOurs());

/** Somebody in a row, and what to ask for so many milliseconds of handshakes. */
interface Entrant {
  readonly name: string;
  readonly contestant: Contestant;
  order(ms: number): string;
  readonly warmUpMs?: number;
}

const slice = 100;
const rounds = 15;
/**
 * CPU time before anything counts, in ms. V8 goes on making code for 8 s or so, a tenth of the time at the end of it, and
 * throws much of it away when a version comes that the process has not spoken yet. C has none to make, noble's loops are made
 * at once, and werift, which mostly sleeps, would take minutes for as much.
 */
const warmUp = { node: 9000, c: 300, noble: 3000, werift: 1000 } as const;

/** Median CPU time of a handshake of each entrant, asked in turn, and medians of the ratios round by round. */
async function race(entrants: readonly Entrant[], ms = slice, times = rounds): Promise<Count[][]> {
  for (const { contestant, order, warmUpMs = warmUp.node } of entrants) await contestant.count(order(warmUpMs));
  const all: Count[][] = entrants.map(() => []);
  for (let round = 0; round < times; round++)
    for (const [i, { contestant, order }] of entrants.entries()) all[i]?.push(await contestant.count(order(ms)));
  return all;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const rate = (counts: readonly Count[]): number => median(counts.map(({ count, us }) => (count * 1e6) / us));
/** How many times as fast the first is as the second. */
const ratio = (ours: readonly Count[], theirs: readonly Count[]): number =>
  median(ours.map(({ count, us }, i) => (count / us) * ((theirs[i]?.us ?? 0) / (theirs[i]?.count ?? 1))));

const x25519 = 0x1d;
const p256 = 0x17;
const hybrid = 0x11ec;

export async function run(print: (line: string) => void): Promise<void> {
  const ours = nodeContestant(import.meta.url, 'ours');
  const openssl = await startOpenssl(
    join(root, 'test', 'bench', 'handshake', 'openssl.c'),
    join(root, 'dist', 'bench'),
  );
  const version = weriftVersion(root);
  const werift = version === undefined ? undefined : nodeContestant(import.meta.url, 'werift');
  if ('missing' in openssl) print(openssl.missing);
  if (!werift) print(weriftHelp);

  const entrant = (name: string, contestant: Contestant, order: (ms: number) => string): Entrant => ({
    name,
    contestant,
    order,
  });
  const theirs = (kind: string, groups: string): Entrant[] =>
    'missing' in openssl
      ? []
      : [
          {
            name: `${openssl.version.split(' ').slice(0, 2).join(' ')}, ${kind}`,
            contestant: openssl.contestant,
            order: (ms) => `${kind} ${groups} ${ms}`,
            warmUpMs: warmUp.c,
          },
        ];
  const onNode = (dtls: string, group: number, peers: 'met' | 'strangers'): Entrant =>
    entrant(
      `dtlscope, node backend${peers === 'met' ? '' : ', strangers'}`,
      ours,
      (ms) => `shake node ${dtls} ${group} ${peers} ${ms}`,
    );

  print('handshakes per second of CPU time, both ends, mutual ECDSA P-256; medians of rounds taken in turn');
  print(
    `alike for all: ECDHE with ECDSA, AES-128-GCM and SHA-256, the same two certificates, EMS, MTU 1200, no tickets, no session cache, chains believed; no cookie, but for werift`,
  );
  print(
    `after ${warmUp.node / 1000} s of CPU time each on Node (werift ${warmUp.werift / 1000} s); OpenSSL reads the peer's certificate and its key anew each time`,
  );
  print(
    `${pinned ? 'all on one core' : 'not tied to a core'}; "strangers" have a certificate that the backend has not just seen`,
  );
  const rows: readonly (readonly [title: string, entrants: readonly Entrant[]])[] = [
    [
      'DTLS 1.2, X25519',
      [
        ...theirs('dtls1.2', 'X25519:P-256'),
        ...(werift
          ? [
              {
                name: `werift ${version}, with its cookie exchange`,
                contestant: werift,
                order: String,
                warmUpMs: warmUp.werift,
              },
            ]
          : []),
        onNode('1.2', x25519, 'met'),
        onNode('1.2', x25519, 'strangers'),
      ],
    ],
    ['DTLS 1.2, P-256', [...theirs('dtls1.2', 'P-256'), onNode('1.2', p256, 'met'), onNode('1.2', p256, 'strangers')]],
    [
      'DTLS 1.3, X25519 (OpenSSL 3 has none: its DTLS 1.2, and its TLS 1.3)',
      [
        ...theirs('dtls1.2', 'X25519:P-256'),
        ...theirs('tls1.3', 'X25519:P-256'),
        onNode('1.3', x25519, 'met'),
        onNode('1.3', x25519, 'strangers'),
      ],
    ],
    ['DTLS 1.3, X25519MLKEM768 (ML-KEM in JavaScript)', [onNode('1.3', hybrid, 'met')]],
  ];
  for (const [title, entrants] of rows) {
    print('');
    print(title);
    const counts = await race(entrants);
    const others = entrants.flatMap((other, i) =>
      other.contestant === ours ? [] : [[other, counts[i] ?? []] as const],
    );
    for (const [i, { name, contestant }] of entrants.entries()) {
      const mine = counts[i] ?? [];
      const beside =
        contestant === ours
          ? others.map(([other, counted]) => `${ratio(mine, counted).toFixed(2)} x ${other.name.split(',')[0]}`)
          : [];
      print(`  ${name.padEnd(44)}${rate(mine).toFixed(0).padStart(6)}   ${beside.join(', ')}`.trimEnd());
    }
  }
  await Promise.all([werift?.stop(), 'missing' in openssl ? undefined : openssl.contestant.stop()]);

  print('');
  print('noble backend: handshakes, and what one costs against its raw primitives, asymmetric and symmetric');
  for (const [title, dtls, group] of [
    ['DTLS 1.2, X25519', '1.2', x25519],
    ['DTLS 1.2, P-256', '1.2', p256],
    ['DTLS 1.3, X25519', '1.3', x25519],
    ['DTLS 1.3, X25519MLKEM768', '1.3', hybrid],
  ] as const) {
    const [whole = [], raw = []] = await race(
      [
        { ...entrant('whole', ours, (ms) => `shake noble ${dtls} ${group} met ${ms}`), warmUpMs: warmUp.noble },
        { ...entrant('raw', ours, (ms) => `raw noble ${dtls} ${group} ${ms}`), warmUpMs: warmUp.noble },
      ],
      200,
      9,
    );
    print(`  ${title.padEnd(44)}${rate(whole).toFixed(0).padStart(6)}   ${ratio(raw, whole).toFixed(2)} : 1`);
  }
  await ours.stop();

  print('');
  print('node backend: memory');
  for (const dtls of ['1.2', '1.3']) {
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
    const fresh = nodeContestant(import.meta.url, 'ours', flags);
    const [allocated = 0, grown = 0] = (await fresh.ask(`heap ${dtls} ${x25519} 10000`)).split(' ').map(Number);
    print(
      `  DTLS ${dtls}, X25519: ${(allocated / 1024).toFixed(0)} KB allocated by a handshake (both ends); 10,000 in a row change what is in use by ${(grown / 1024).toFixed(0)} KB`,
    );
    await fresh.stop();
  }
}
