/** Each quirk does on the wire what its line says, and the same handshake without it does not. */
import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { simulate, simulationCredentials, simulationFor } from '../../src/run/index.ts';
import {
  describeProblem,
  type GivenOptions,
  parseCommandLine,
  type QuirkId,
  quirkIds,
  quirks,
  readForm,
  readScenario,
  type Scenario,
  toCommandLine,
  withQuirks,
} from '../../src/scenario/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { Pair } from '../support/pair.ts';
import { quirkCases, simulatedQuirks, traceOfQuirk, Wire } from '../support/quirkCases.ts';
import { snapshotOf } from '../support/reading.ts';
import { configured } from '../support/traces.ts';

const findingsOf = (trace: Trace): string[] =>
  snapshotOf(trace).handshakes.flatMap((handshake) => diagnose(handshake).findings.map(({ id }) => id));
const found = simulatedQuirks.filter((id) => quirks[id].finding !== undefined);

const read = (target: string, given: GivenOptions = {}): Scenario => {
  const parsed = readScenario('probe', target, given);
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.value;
};
const problems = (target: string, given: GivenOptions = {}): string[] => {
  const parsed = readScenario('probe', target, given);
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
};
const simulation = (target: string, given: GivenOptions = {}): Trace => {
  const scenario = read(target, { versions: ['1.2'], ...given });
  const { ours = [], theirs } = simulationCredentials(scenario.options);
  return simulate(simulationFor(scenario, 'test', ours, theirs, nobleProvider));
};

describe('a quirk', () => {
  it.each(simulatedQuirks)('%s shows on the wire, and only with it', (id) => {
    const { shows } = quirkCases[id];
    expect({
      with: shows(new Wire(traceOfQuirk(id, true))),
      without: shows(new Wire(traceOfQuirk(id, false))),
    }).toEqual({
      with: true,
      without: false,
    });
  });

  it.each(found)('%s is named by its finding', (id) => {
    expect(findingsOf(traceOfQuirk(id, true))).toContain(quirks[id].finding);
  });

  it('stun-fatal takes a Binding request for the end of the handshake', () => {
    const stun = Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const alertsWith = (ids: readonly QuirkId[]): string[] => {
      const pair = new Pair({
        client: withQuirks(configured('client'), ids),
        server: configured('server'),
        link: ({ from, bytes }) => (from === 'server' ? [{ bytes: stun, afterMs: 5 }, { bytes }] : [{ bytes }]),
      }).run();
      return pair.client.alerts;
    };
    expect(alertsWith(['stun-fatal'])).toEqual(['sent 2 10']);
    expect(alertsWith([])).toEqual([]);
  });

  it('wrong-fingerprint makes a simulated peer be told another hash than it has', () => {
    for (const [target, given] of [
      ['sim:wrong-fingerprint', {}],
      ['sim', { quirk: ['wrong-fingerprint'] }],
    ] as const) {
      const trace = simulation(target, given);
      expect(findingsOf(trace)).toContain('fingerprint-mismatch');
      expect(new Wire(trace).alerts(target === 'sim' ? 'server' : 'client')).toEqual([42]);
    }
    expect(findingsOf(simulation('sim'))).not.toContain('fingerprint-mismatch');
  });

  it('leaves what belongs to another role or version alone', () => {
    const client = configured('client');
    expect(withQuirks(client, ['cookie-renewed', 'tls13-labels'])).toEqual(client);
  });

  it('goes together with others, whose lists grow', () => {
    const { faults } = withQuirks(configured('server', { versions: ['1.3', '1.2'] }), [
      'wrong-finished',
      'wrong-signature',
      'mtu-ignored',
    ]);
    expect(faults).toEqual({ says: ['wrong-finished', 'wrong-signature'], neverAgain: ['narrow-path'] });
  });
});

describe('the table of quirks', () => {
  it('has one case on the wire for every quirk, and says what it does in one line', () => {
    expect(Object.keys(quirkCases).sort()).toEqual([...quirkIds].sort());
    for (const id of quirkIds) {
      const { about, rows, faults, settings, announces } = quirks[id];
      expect(id).toMatch(/^[a-z][a-z0-9.]*(-[a-z0-9.]+)*$/);
      expect(about, id).toMatch(/^[a-z].*[^.]$/);
      expect(rows.length, id).toBeGreaterThan(0);
      expect(faults ?? settings ?? announces, id).toBeDefined();
    }
    expect(new Set(quirkIds.map((id) => quirks[id].about)).size).toBe(quirkIds.length);
  });
});

describe('a scenario', () => {
  it('takes quirks of ours by a flag that may be given again, and of a simulated peer in the target', () => {
    const { options, target } = read('sim:cookie-once,no-ems', {
      quirk: ['no-retransmission', 'no-use-srtp,wrong-finished'],
    });
    expect(options.quirk).toEqual(['no-retransmission', 'no-use-srtp', 'wrong-finished']);
    expect(target).toEqual({ kind: 'sim', quirks: ['cookie-once', 'no-ems'] });
  });

  it('survives the command line and the form', () => {
    const scenario = read('sim:cookie-once', { quirk: ['no-retransmission', 'no-use-srtp'] });
    const line = toCommandLine(scenario);
    expect(line).toBe('dtlscope probe sim:cookie-once --quirk no-retransmission --quirk no-use-srtp');
    expect(parseCommandLine(line)).toEqual({ ok: true, value: scenario });
    expect(readForm('probe', 'sim:cookie-once', { quirk: 'no-retransmission,no-use-srtp' })).toEqual({
      ok: true,
      value: scenario,
    });
  });

  it.each<[string, GivenOptions, string]>([
    ['sim', { quirk: ['no-retransmision'] }, 'did you mean no-retransmission'],
    ['sim:cookie', {}, 'did you mean cookie-hello-in-one-piece, cookie-renewed or cookie-once'],
    ['sim', { quirk: ['xyzzy'] }, '--quirk: "xyzzy" is not known; allowed: the names that --quirk list shows'],
    ['sim', { quirk: ['cookie-once'] }, '--quirk: "cookie-once" means nothing for a client'],
    ['sim:both-passive', {}, 'TARGET: "both-passive" means nothing for a server'],
    ['sim', { quirk: ['tls13-labels'], versions: ['1.2'] }, '"tls13-labels" means nothing without DTLS 1.3'],
    ['192.0.2.1:4433', { quirk: ['wrong-fingerprint'] }, '"wrong-fingerprint" means nothing without signalling'],
    ['sim', { quirk: ['in-order-only', 'stable-borders-only'] }, 'can not be had together'],
    ['sim', { quirk: ['tiny-fragments', 'mtu-ignored'] }, 'can not be had together'],
  ])('%s %j is refused: %s', (target, given, says) => {
    expect(problems(target, given).join('\n')).toContain(says);
  });

  it('whose peer in memory is broken gives the same run each time', () => {
    const bytes = (): string[] =>
      new Wire(
        simulation('sim:storm-after-finished,cookie-renewed', { link: ['loss=20%'], seed: ['3'] }),
      ).datagrams.map((datagram) => Buffer.from(datagram.bytes).toString('base64'));
    expect(bytes()).toEqual(bytes());
  });
});
