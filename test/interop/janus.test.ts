/**
 * Janus behind its HTTP API and ICE, as an app meets it: our side goes the way of `probe sdp:FILE`, and the test is the
 * script that carries offer, answer and hangup between the file and Janus.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../../src/cli/prepare.ts';
import { type Reading, readTrace } from '../../src/cli/reading.ts';
import { describeProblem, type GivenOptions, readScenario } from '../../src/scenario/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { credential } from '../support/credentials.ts';
import { type EchoCall, Janus } from '../support/janus.ts';
import { makeNamespace, type Namespace } from '../support/namespace.ts';

/** Not the default of 1200, so that a reading that shows it has seen it. */
const dtlsMtu = 700;

const certificates = ['ecdsa-p256', 'rsa-2048,chain=3,size=3700'] as const;
type Certificate = (typeof certificates)[number];

let namespace: Namespace;
let janus: Janus;
let folder: string;
let made = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dtlscope-janus-test-'));
  for (const name of certificates) {
    const { chain, key } = await credential(name);
    writeFileSync(join(folder, `${name}.pem`), chain.map((der) => pem('CERTIFICATE', der)).join(''));
    writeFileSync(join(folder, `${name}.key`), pem('PRIVATE KEY', privateKeyDer(key)));
  }
  namespace = makeNamespace();
  janus = await Janus.start({ namespace, certificate: 'rsa-2048,size=2000', dtlsMtu });
});
afterAll(async () => {
  await janus?.stop();
  namespace?.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Call {
  readonly offer: string;
  readonly answer: string;
  readonly events: readonly TraceEvent[];
  readonly reading: Reading;
}

async function call(certificate: Certificate, given: GivenOptions): Promise<Call> {
  const file = join(folder, `answer-${made++}.txt`);
  const files = { cert: [join(folder, `${certificate}.pem`)], key: [join(folder, `${certificate}.key`)] };
  const options = { bind: [namespace.here], linger: ['0'], timeout: ['30s'], ...files, ...given };
  const scenario = readScenario('probe', `sdp:${file}`, options);
  if (!scenario.ok) throw new Error(scenario.problems.map(describeProblem).join('\n'));
  let ours: (sdp: string) => void = () => {};
  const offered = new Promise<string>((resolve) => {
    ours = resolve;
  });
  const run = (await prepare(scenario.value, ({ sdp }) => ours(sdp))).start();
  const events: TraceEvent[] = [];
  run.subscribe((event) => events.push(event));
  const offer = await offered;
  let echo: EchoCall | undefined;
  try {
    echo = await janus.call(offer);
    writeFileSync(file, echo.answer);
    void echo.hangup.then((reason) => writeFileSync(file, JSON.stringify({ type: 'hangup', by: 'Janus', reason })));
    await run.finished;
    return { offer, answer: echo.answer, events, reading: readTrace({ header: run.header, events }) };
  } finally {
    run.stop();
    await echo?.end();
  }
}

const handshakeOf = ({ reading }: Call) => {
  const [read] = reading.handshakes;
  if (!read) throw new Error('no handshake was read');
  return read;
};

describe('a handshake with Janus completes over a path that loses a tenth', () => {
  for (const certificate of certificates)
    for (const mtu of [300, 576, 1200])
      it.concurrent.each([
        ['actpass', 'active', 'server'],
        ['active', 'passive', 'client'],
      ] as const)(
        `${certificate} at ${mtu}: we offer %s, it answers %s, and we are the %s`,
        async (setup, theirs, role) => {
          const link = ['loss=10%'];
          const made = await call(certificate, { setup: [setup], mtu: [String(mtu)], link, seed: ['5'] });
          const { handshake, diagnosis } = handshakeOf(made);
          expect(made.answer).toContain(`a=setup:${theirs}`);
          expect(diagnosis.verdict).toContain('Established');
          expect(handshake.localRole).toBe(role);
          expect(handshake.traffic[role].largest).toBeLessThanOrEqual(mtu);
          expect(handshake.traffic[role === 'client' ? 'server' : 'client'].largest).toBeLessThanOrEqual(dtlsMtu);
          // Both ends announced a fingerprint, and each certificate is the announced one.
          expect(handshake.fingerprints.map(({ matches }) => matches)).toEqual([true, true]);
        },
      );
});

describe('what Janus is configured to shows', () => {
  it('its dtls_mtu: the largest of the datagrams that the packing draws has it to the byte', async () => {
    const { handshake } = handshakeOf(await call('ecdsa-p256', { setup: ['active'] }));
    const sizes = handshake.datagrams.flatMap(({ from, size }) => (from === 'server' ? [size] : []));
    expect(Math.max(...sizes)).toBe(dtlsMtu);
  });

  it('and a fingerprint of ours that is not our certificate’s makes it hang up, after DTLS has completed', async () => {
    const announce = [`sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`];
    const { events, reading } = await call('ecdsa-p256', { announce, linger: ['2s'] });
    expect(events.some(({ kind }) => kind === 'connected')).toBe(true);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'signalling', fact: expect.objectContaining({ kind: 'hangup', by: 'Janus' }) }),
    );
    expect(reading.outcome).toBe('fingerprint-mismatch');
    expect(reading.verdicts[0]).toMatch(/DTLS itself completed, and Janus hung up \(.+\)/);
  });
});
