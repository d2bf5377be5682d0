import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { EndpointConfig } from '../../src/engine/api.ts';
import type { LinkRule } from '../../src/link/api.ts';
import {
  type SimulationSpec,
  simulate,
  simulatedRun,
  simulationCredentials,
  simulationFor,
} from '../../src/run/index.ts';
import { formatLinkRule, parseLinkRule, readScenario } from '../../src/scenario/index.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { clientConfig, header, serverConfig } from './memory.ts';

const rules = (...texts: string[]): LinkRule[] =>
  texts.map((text) => {
    const parsed = parseLinkRule(text);
    if (!parsed.ok) throw new Error(text);
    return parsed.value;
  });
const spec = (changes: Partial<SimulationSpec> = {}): SimulationSpec => ({
  header: { ...header, kind: 'simulation', localRole: undefined },
  client: clientConfig,
  server: serverConfig,
  ours: 'client',
  rules: [],
  seed: 1,
  crypto: nobleProvider,
  lingerMs: 1000,
  timeoutMs: 120_000,
  ...changes,
});
const only = <K extends TraceEvent['kind']>({ events }: Trace, kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
const bytes = (trace: Trace): string => toSqlog(trace, { withKeys: true });
const bothConnected = (trace: Trace): boolean => new Set(only(trace, 'connected').map(({ actor }) => actor)).size === 2;

describe('a simulation', () => {
  it('is the same byte for byte for the same scenario, and another for another seed', () => {
    const of = (seed: number) => bytes(simulate(spec({ seed, rules: rules('loss=20%', 'delay=30ms±10ms') })));
    expect(of(3)).toBe(of(3));
    expect(of(3)).not.toBe(of(4));
  });

  it('has both ends established, closes once, and ends', () => {
    const trace = simulate(spec());
    expect(bothConnected(trace)).toBe(true);
    expect(only(trace, 'closed')).toMatchObject([
      { actor: 'client', by: 'us', at: 1000 },
      { actor: 'server', by: 'peer', at: 1000 },
    ]);
    expect(trace.events.at(-1)).toEqual({ kind: 'end', at: 1000, how: 'done', why: undefined });
  });

  it('knows the contents of every datagram, encrypted or not', () => {
    for (const { contents } of only(simulate(spec()), 'datagram')) expect(contents).toBeDefined();
  });

  it('lets link rules name encrypted messages of the peer', () => {
    const trace = simulate(spec({ rules: rules('in:drop=finished#1') }));
    const [lost] = only(trace, 'link');
    const finished = only(trace, 'datagram').find(({ packet }) => packet === lost?.packet);
    expect(finished?.from).toBe('server');
    expect(bothConnected(trace)).toBe(true);
  });

  it('takes what the described side sends for out', () => {
    const drop = rules('out:drop=1');
    const first = (ours: 'client' | 'server') => {
      const trace = simulate(spec({ ours, rules: drop }));
      return only(trace, 'datagram').find(({ packet }) => packet === only(trace, 'link')[0]?.packet)?.from;
    };
    expect(first('client')).toBe('client');
    expect(first('server')).toBe('server');
  });

  it('ends when one end failed and the other has heard of it', () => {
    const trace = simulate(
      spec({ client: { ...clientConfig, groups: [24] }, server: { ...serverConfig, groups: [29] } }),
    );
    expect(only(trace, 'failed').map(({ actor, failure }) => `${actor} ${failure.code}`)).toEqual([
      'server no-common-group',
      'client alert',
    ]);
    expect(trace.events.at(-1)).toMatchObject({ kind: 'end', how: 'done', why: undefined });
  });

  it('ends with its time when nothing gets through', () => {
    const trace = simulate(spec({ rules: rules('loss=100%'), timeoutMs: 10_000 }));
    expect(trace.events.at(-1)).toEqual({ kind: 'end', at: 10_000, how: 'done', why: 'the time of 10000 ms was up' });
  });

  it('can stand in for a run', async () => {
    const run = simulatedRun(spec());
    const events: TraceEvent[] = [];
    run.subscribe((event) => events.push(event));
    await run.finished;
    expect(events).toEqual(simulate(spec()).events);
  });
});

describe('a simulated scenario', () => {
  const rulesFor = (...texts: string[]) => {
    const scenario = readScenario('probe', 'sim', { link: texts });
    if (!scenario.ok) throw new Error(texts.join());
    const { ours = [], theirs } = simulationCredentials(scenario.value.options);
    return simulationFor(scenario.value, 'test', ours, theirs, nobleProvider).rules.map(formatLinkRule);
  };

  it('has a path that takes time, unless the rules say how long it takes', () => {
    expect(rulesFor()).toEqual(['delay=10ms']);
    expect(rulesFor('loss=3%', 'delay=certificate#1,by=3s')).toEqual([
      'delay=10ms',
      'loss=3%',
      'delay=certificate#1,by=3000ms',
    ]);
    expect(rulesFor('delay=0ms')).toEqual(['delay=0ms']);
    expect(rulesFor('out:delay=70ms')).toEqual(['in:delay=10ms', 'out:delay=70ms']);
    expect(rulesFor('out:delay=70ms', 'in:delay=30ms')).toEqual(['out:delay=70ms', 'in:delay=30ms']);
  });

  it('has the role, the options and the credentials on the side that they describe', () => {
    const scenario = readScenario('probe', 'sim', {
      role: ['server'],
      versions: ['1.2'],
      mtu: ['300'],
      certGen: ['rsa-2048'],
    });
    if (!scenario.ok) throw new Error('refused');
    const { ours = [], theirs } = simulationCredentials(scenario.value.options);
    const trace = simulate(simulationFor(scenario.value, 'test', ours, theirs, nobleProvider));
    const largest = (from: string): number =>
      Math.max(...only(trace, 'datagram').map((datagram) => (datagram.from === from ? datagram.length : 0)));
    expect(bothConnected(trace)).toBe(true);
    expect(largest('server')).toBeLessThanOrEqual(300);
    expect(largest('client')).toBeGreaterThan(300);
    expect(only(trace, 'connected')[0]?.parameters.cipherSuite).toBe(0xc02f);
  });
});

describe('a handshake on a bad network', () => {
  const big: EndpointConfig = { ...serverConfig, credentials: [bundledTestCredential('chain-3700')], mtu: 600 };

  it('completes after the loss of any single datagram', () => {
    const count = only(simulate(spec({ server: big })), 'datagram').filter(({ at }) => at === 0).length;
    expect(count).toBeGreaterThan(8);
    for (let nth = 1; nth <= count; nth++)
      for (const direction of ['out', 'in']) {
        const trace = simulate(spec({ server: big, rules: rules(`${direction}:drop=${nth}`) }));
        expect(bothConnected(trace), `${direction} ${nth}`).toBe(true);
      }
  });

  it.each([
    'duplicate=100%',
    'reorder=50%,by=30ms',
    'delay=200ms±150ms',
    'rate=64kbit/s,queue=4KB',
    'duplicate=all',
    'loss=30%',
    'truncate=certificate#1,to=100',
    'delay=certificate#1,by=3s',
  ])('completes with %s', (rule) => {
    for (let seed = 1; seed <= 3; seed++) {
      const trace = simulate(spec({ seed, server: big, rules: rules(rule) }));
      expect(bothConnected(trace), `seed ${seed}`).toBe(true);
    }
  });

  it('with corruption ends in time, established or with a reason', () => {
    // Records in the clear carry no MAC: what was changed there is found by signature and Finished, not record by record.
    for (let seed = 1; seed <= 10; seed++) {
      const trace = simulate(spec({ seed, server: big, rules: rules('corrupt=10%') }));
      expect(bothConnected(trace) || only(trace, 'failed').length > 0, `seed ${seed}`).toBe(true);
      expect(trace.events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    }
  });
});
