import { describe, expect, it } from 'vitest';
import { Sweeps } from '../../background/sweeps.ts';
import { BridgeError, type JsonValue, type RunSummary, type SweepRequest } from '../../src/bridge/panel.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { readState } from '../../src/report/sweep/state.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import type { Trace } from '../../src/trace/model.ts';
import { FakeRun } from './fakeRun.ts';

const request = (text: string, more: Partial<SweepRequest> = {}): SweepRequest => {
  const parsed = parseScenarioText(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.what);
  const root = JSON.parse(JSON.stringify(parsed.root)) as JsonValue;
  return { text, root, file: 'test.yaml', secrets: {}, files: {}, ...more };
};

const six = `version: 1
target: sim
versions: ["1.2"]
groups: [x25519]
timeout: 10s
sweep:
  mtu: [300, 1200]
  link: ["loss=0%", "loss=20%", "loss=60%"]
  seeds: 2
`;

function setUp() {
  /** Turns that were asked for. */
  const due: (() => void)[] = [];
  const started: FakeRun[] = [];
  const kept: { readonly name: string; readonly trace: Trace }[] = [];
  let jobs = 0;
  const sweeps = new Sweeps({
    start: async () => {
      const run = new FakeRun();
      started.push(run);
      return run;
    },
    credentials: async () => [],
    crypto: nobleProvider,
    schedule: (_ms, wake) => {
      due.push(wake);
      return () => {};
    },
    keep: async (name, trace) => {
      kept.push({ name, trace });
      return { id: 'kept' } as RunSummary;
    },
    busy: () => {
      jobs++;
      return () => void jobs--;
    },
    tool: 'dtlscope test',
    complain: (what, error) => {
      throw new Error(`${what}: ${error}`);
    },
  });
  const handshakes = (): number => sweeps.kept?.status.handshakes ?? 0;
  /** Lets one handshake after another have its turn, until something holds. */
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turns = 0; !holds(); turns++) {
      if (turns > 500) throw new Error('it never came to that');
      due.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { sweeps, started, kept, handshakes, until, jobs: () => jobs };
}

describe('a sweep in the background', () => {
  it('begins no handshake after a stop, goes on with what is left, and ends with the whole', async () => {
    const { sweeps, handshakes, until, jobs } = setUp();
    sweeps.start(request(six));
    expect(jobs()).toBe(1);
    await until(() => handshakes() === 5);
    sweeps.stop();
    expect(sweeps.kept?.status.state).toBe('stopped');
    await until(() => jobs() === 0);
    // Two cells of two handshakes are whole; the fifth was of a cell that is run again.
    expect([handshakes(), sweeps.kept?.lines.length]).toEqual([5, 2]);
    sweeps.resume();
    sweeps.stop();
    sweeps.resume();
    await until(() => sweeps.kept?.status.state === 'done');
    await until(() => jobs() === 0);
    const { head, lines } = sweeps.kept ?? { head: '', lines: [] };
    const state = readState(`${head}${lines.join('\n')}\n`);
    if (typeof state === 'string') throw new Error(state);
    expect(state.results.map(({ cell }) => cell)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(lines).toHaveLength(6);
    expect(state.results[0]).toMatchObject({ made: 2, asExpected: 2 });
    expect(state.results.reduce((sum, { asExpected }) => sum + asExpected, 0)).toBeLessThan(12);
    expect(() => sweeps.resume()).toThrow(BridgeError);
  });

  it('stops the handshake over a network that goes on, and keeps one of a cell to be looked at', async () => {
    const { sweeps, started, kept, until, jobs } = setUp();
    sweeps.start(request('version: 1\ntarget: 127.0.0.1:4433\nsweep: { mtu: [300, 600], seeds: 2 }\n'));
    await until(() => started.length === 1);
    started[0]?.end();
    await until(() => started.length === 2);
    sweeps.stop();
    expect(started[1]?.stopped).toBe(true);
    await expect(sweeps.open(1, 2)).rejects.toThrow('No handshake of this cell was kept');
    expect(await sweeps.open(1, 1)).toEqual({ id: 'kept' });
    await expect(sweeps.open(2, 1)).rejects.toThrow('This sweep is not here any more');
    expect(kept[0]?.name).toBe('127.0.0.1:4433, mtu 300');
    await until(() => jobs() === 0);
    expect(started).toHaveLength(2);
  });

  it('refuses what is no sweep, with what is wrong where, and takes nothing for a tree that is none', () => {
    const { sweeps } = setUp();
    const failure = (asked: SweepRequest): BridgeError['failure'] => {
      try {
        sweeps.start(asked);
      } catch (error) {
        if (error instanceof BridgeError) return error.failure;
      }
      throw new Error('it was taken');
    };
    expect(failure(request('version: 1\ntarget: sim\nsweep: { mtu: [12] }\n'))).toMatchObject({
      code: 'invalid-request',
      problems: [{ option: '3:16', message: expect.stringContaining('too small') }],
    });
    for (const root of ['sim', { kind: 'map', at: { line: 1, column: 1 }, entries: [{ name: 'x' }] }, null])
      expect(failure({ ...request(six), root }).code).toBe('bad-message');
  });

  it('gets secrets and pasted keys beside the file, and nothing that they are not named for', async () => {
    const { sweeps, started, until } = setUp();
    const text =
      'version: 1\ntarget: whip:https://gateway.example/room\ntoken: { env: TOKEN }\nsweep: { mtu: [300] }\n';
    expect(() => sweeps.start(request(text))).toThrow('TOKEN');
    expect(() => sweeps.start(request(text.replace('TOKEN', 'constructor')))).toThrow('constructor');
    sweeps.start(request(text, { secrets: { TOKEN: 'S3CRET' } }));
    await until(() => started.length === 1);
    expect(JSON.stringify([sweeps.kept?.head, sweeps.kept?.text])).not.toContain('S3CRET');
    sweeps.stop();
  });
});
