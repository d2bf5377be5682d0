/** What link rules do to whole handshakes, in simulation: failures of the field that the network makes. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Packing } from '../../src/engine/api.ts';
import type { LinkRule } from '../../src/link/api.ts';
import { type SimulationSpec, simulate, simulationFor } from '../../src/run/index.ts';
import { type GivenOptions, parseLink, readScenario } from '../../src/scenario/index.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { clientConfig, header, serverConfig } from './memory.ts';

const [ours, theirs] = [[bundledTestCredential('ecdsa-p256-a')], [bundledTestCredential('ecdsa-p256-b')]];

function run(given: GivenOptions, target = 'sim'): Trace {
  const scenario = readScenario('probe', target, given);
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.problems));
  // Node's signatures differ in length from run to run.
  return simulate(simulationFor(scenario.value, 'test', ours, theirs, nobleProvider));
}
const of = <K extends TraceEvent['kind']>({ events }: Trace, kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
const completed = (trace: Trace): boolean => new Set(of(trace, 'connected').map(({ actor }) => actor)).size === 2;
const told = ({ header, events }: Trace) => {
  const analysis = new Analysis({ header, crypto: nodeProvider });
  for (const event of events) analysis.push(event);
  const { handshakes } = analysis.snapshot();
  const [handshake] = handshakes;
  if (!handshake) throw new Error('the trace holds a handshake');
  return diagnose(handshake);
};
const plain: SimulationSpec = {
  header: { ...header, kind: 'simulation', localRole: undefined },
  client: clientConfig,
  server: serverConfig,
  ours: 'client',
  rules: [],
  seed: 1,
  crypto: nodeProvider,
  lingerMs: 0,
  timeoutMs: 60_000,
};
const rulesIn = (text: string): readonly LinkRule[] => {
  const parsed = parseLink(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
};
const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a handshake over licode-uplink', () => {
  const over = (given: GivenOptions, seed = 1) => run({ link: ['licode-uplink'], seed: [String(seed)], ...given });

  it('completes, waiting for the queue, and the trace says whose traffic that was', () => {
    const trace = over({});
    const { outcome, verdict } = told(trace);
    expect(outcome).toBe('established');
    expect(verdict).toContain('were lost, because the queue was full of other traffic, and resent after');
    const waits = of(trace, 'link').flatMap(({ action }) => (action.kind === 'queued' ? [action] : []));
    const longest = Math.max(...waits.map(({ ms }) => ms));
    // 20 KB at 225 kbit/s are 711 ms.
    expect(longest).toBeGreaterThan(600);
    expect(longest).toBeLessThan(712);
    expect(waits[0]?.queue.loads).toEqual(['out:load=340kbit/s,streams=2,size=1KB']);
  });

  it('fails when the client sends every flight once, and the verdict names the queue', () => {
    const { outcome, verdict } = told(over({ quirk: ['no-retransmission'] }));
    expect(outcome).toBe('no-answer');
    expect(verdict).toBe(
      'No answer: the client sent its flight 1 (ClientHello) once and never again, and 776 ms went by without an answer: it drives no retransmission timer, or is gone; the link took one of two datagrams away, because the queue was full of other traffic.',
    );
  });

  it('sends smaller datagrams after silence, which is not taken for a lapse of its MTU', () => {
    const trace = over({});
    const sizes = of(trace, 'datagram').flatMap(({ from, length }) => (from === 'client' ? [length] : []));
    expect(Math.max(...sizes)).toBe(1200);
    expect(sizes.filter((size) => size === 548).length).toBeGreaterThan(2);
    expect(told(trace).findings.map(({ id }) => id)).not.toContain('datagram-exceeds-mtu');
  });

  it('of DTLS 1.2 always completes in 20 seeds, and without a client’s timer only when nothing is dropped', () => {
    for (const seed of seeds(20)) {
      expect(completed(over({ versions: ['1.2'] }, seed)), `seed ${seed}`).toBe(true);
      const once = over({ versions: ['1.2'], quirk: ['no-retransmission'] }, seed);
      const dropped = of(once, 'link').filter(({ action }) => action.kind === 'queue-full');
      const packets = new Set(dropped.map(({ packet }) => packet));
      const ofHandshake = of(once, 'datagram').some(
        ({ packet, from, contents }) => packets.has(packet) && from === 'client' && contents?.flight !== 0,
      );
      expect(completed(once), `seed ${seed}`).toBe(!ofHandshake);
    }
  });

  it('is the same run for the same seed', () => {
    const once = over({}, 7);
    expect(of(over({}, 7), 'link')).toEqual(of(once, 'link'));
    expect(of(over({}, 8), 'link')).not.toEqual(of(once, 'link'));
  });
});

describe('one record a datagram against packed records', () => {
  it('has more flights sent again under loss in bursts, over 200 seeds', () => {
    const resent = (packing: Packing): number =>
      seeds(200).reduce((sum, seed) => {
        const trace = simulate({
          ...plain,
          client: { ...clientConfig, packing },
          server: { ...serverConfig, packing, clientAuth: 'none' },
          rules: ['burst=5%,length=2', 'delay=30ms'].flatMap(rulesIn),
          seed,
        });
        const repeats = of(trace, 'datagram').flatMap(({ from, contents }) =>
          contents && contents.attempt > 0 ? [`${from} ${contents.flight} ${contents.attempt}`] : [],
        );
        return sum + new Set(repeats).size;
      }, 0);
    const [packed, single] = [resent('packed'), resent('record')];
    expect(packed).toBeGreaterThan(50);
    expect(single / packed).toBeGreaterThan(1.4);
  });
});

describe('a path of 560 bytes', () => {
  const over = (rule: string): Trace =>
    simulate({
      ...plain,
      server: { ...serverConfig, credentials: [bundledTestCredential('chain-3700')] },
      rules: [rule, 'delay=100ms'].flatMap(rulesIn),
    });
  const fired = (trace: Trace) => of(trace, 'timer').filter(({ action }) => action === 'fired');

  it('that tells its MTU makes the sender cut smaller datagrams before any timer', () => {
    const trace = over('mtu=560,notice');
    expect(completed(trace)).toBe(true);
    expect(fired(trace)).toEqual([]);
    const tooLarge = of(trace, 'link').find(({ action }) => action.kind === 'too-large');
    expect(tooLarge?.action).toEqual({ kind: 'too-large', mtu: 560, toldAt: (tooLarge?.at ?? 0) + 100 });
    const why = told(trace).findings.find(({ id }) => id === 'datagram-exceeds-mtu')?.why;
    expect(why).toContain('dropped, and the sender was told');
  });

  it('that keeps silent costs timers, until the sender makes smaller ones of itself', () => {
    const trace = over('mtu=560');
    expect(completed(trace)).toBe(true);
    expect(fired(trace).length).toBeGreaterThan(1);
  });
});
