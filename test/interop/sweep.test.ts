/** Sweeps against peers that are not ours, or that come by signalling: a table of what they take. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweep } from '../../src/cli/commands/sweep.ts';
import { commandHere } from '../support/commandHere.ts';
import { credential } from '../support/credentials.ts';
import { type JanusWhip, startJanusWhip } from '../support/janusWhip.ts';
import { opensslServer } from '../support/opensslPeer.ts';
import { startGateway } from '../support/ownGateway.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dtlscope-sweep-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Cells {
  readonly cells: readonly {
    readonly name: string;
    readonly outcomes: Readonly<Record<string, number>>;
    readonly error: { readonly message: string } | null;
    readonly search: { readonly changes: readonly { readonly below: number; readonly above: number }[] } | null;
  }[];
}

/** Runs a sweep; answers its exit code, and each cell by its name with what became of it. */
async function swept(...lines: readonly string[]) {
  const path = join(folder, 'sweep.yaml');
  writeFileSync(path, ['version: 1', 'linger: 0', ...lines, ''].join('\n'));
  const { code, stdout, stderr } = await commandHere((terminal) => sweep(path, { json: true }, terminal));
  if (stdout === '') throw new Error(stderr);
  const { cells } = JSON.parse(stdout) as Cells;
  const became = Object.fromEntries(
    cells.map(({ name, outcomes, error }) => [name, error?.message ?? Object.keys(outcomes).join(', ')]),
  );
  return { code, cells, became, stderr };
}

describe('a sweep against openssl s_server', () => {
  it('says which MTU and certificate it takes, and finds what the path takes', async () => {
    const { peer, port } = await opensslServer(await credential('ecdsa-p256'), ['-Verify', '5']);
    try {
      const target = `target: 127.0.0.1:${port}`;
      const { code, became, stderr } = await swept(
        ...[target, 'versions: "1.2"', 'expect: established'],
        'sweep: { mtu: [300, 1200], certGen: [ecdsa-p256, "ecdsa-p256,size=6000"], seeds: 2 }',
      );
      expect([code, became], stderr).toEqual([
        0,
        {
          'mtu 300, certGen ecdsa-p256': 'established',
          'mtu 300, certGen ecdsa-p256,size=6000': 'established',
          'mtu 1200, certGen ecdsa-p256': 'established',
          'mtu 1200, certGen ecdsa-p256,size=6000': 'established',
        },
      ]);
      expect(stderr).toContain(`This makes 8 handshakes with 127.0.0.1:${port}.`);
      const { cells } = await swept(
        ...[target, 'versions: "1.2"', 'link: ["out:mtu=700"]', 'timeout: 1500ms'],
        'certGen: "ecdsa-p256,size=3000"',
        'sweep: { bisect: { mtu: { from: 500, to: 900, step: 100 } } }',
      );
      expect(cells[0]?.search?.changes).toEqual([{ below: 700, above: 800, passes: 'below' }]);
    } finally {
      await peer.stop();
    }
  });
});

describe('a sweep over signalling', () => {
  it('runs against our own gateway by whip:', async () => {
    const gateway = await startGateway();
    try {
      const { code, became, stderr } = await swept(
        `target: whip:${gateway.origin}/whip`,
        'expect: established',
        'sweep: { versions: ["1.2", "1.3"], mtu: [300, 1200] }',
      );
      expect([code, became], stderr).toEqual([
        0,
        {
          'versions 1.2, mtu 300': 'established',
          'versions 1.2, mtu 1200': 'established',
          'versions 1.3, mtu 300': 'established',
          'versions 1.3, mtu 1200': 'established',
        },
      ]);
      expect(gateway.traces).toHaveLength(4);
    } finally {
      gateway.stop();
    }
  });
});

describe('a sweep against Janus', () => {
  let janus: JanusWhip;

  beforeAll(async () => {
    janus = await startJanusWhip();
  });
  afterAll(() => janus?.stop());

  it('says which certificates it takes in which packing', async () => {
    const { code, became, stderr } = await swept(
      ...[`target: ${janus.target}`, `bind: ${janus.bind}`, 'versions: "1.2"'],
      'sweep: { certGen: [ecdsa-p256, "ecdsa-p256,size=3700"], packing: [packed, record] }',
    );
    expect([code, became], stderr).toEqual([
      0,
      {
        'certGen ecdsa-p256, packing packed': 'established',
        'certGen ecdsa-p256, packing record': 'established',
        'certGen ecdsa-p256,size=3700, packing packed': 'established',
        'certGen ecdsa-p256,size=3700, packing record': 'established',
      },
    ]);
  });
});
