/**
 * A simulated sweep of 1,000 cells on one core, against its handshakes alone: what reading, judging and counting add. Both in
 * CPU time, in slices taken in turn, so that whatever else the machine does hits both.
 */
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import {
  attemptOf,
  runSweep,
  shakeSimulated,
  simulate,
  simulatedCredentials,
  simulationFor,
} from '../../src/run/index.ts';
import { readSweepFile, type SweepPlan } from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const slices = 10;
const unasked = () => Promise.reject(new Error('no certificate is to be made'));

function planOf(version: string): SweepPlan {
  const text = [
    'version: 1',
    'target: sim',
    `versions: "${version}"`,
    'sweep:',
    '  mtu: { from: 300, to: 1260, step: 40 }',
    '  packing: [packed, record]',
    '  link: { from: 0, to: 19, step: 1, text: "loss={}%" }',
  ].join('\n');
  const parsed = parseScenarioText(text);
  const read = parsed.ok
    ? readSweepFile(parsed.root, { env: () => undefined, file: (path) => ({ path, found: false }) })
    : parsed;
  if (!read.ok) throw new Error(read.problems.map(({ what }) => what).join('\n'));
  return read.plan;
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export async function run(print: (line: string) => void): Promise<void> {
  print('1,000 cells of one simulated handshake, CPU time; beside it the same handshakes alone');
  for (const version of ['1.2', '1.3']) {
    const started = cpuMs();
    const plan = planOf(version);
    const planned = cpuMs() - started;
    const cells = plan.scenarios.map((_, at) => at + 1);
    const size = cells.length / slices;
    let swept = 0;
    let bare = 0;
    let done = 0;
    for (let slice = 0; slice < slices; slice++) {
      const part = cells.slice(slice * size, (slice + 1) * size);
      const before = cpuMs();
      for (const cell of part) {
        const scenario = plan.scenarios[cell - 1];
        if (!scenario) throw new Error('a cell without a scenario');
        const one = attemptOf(scenario, 1);
        const { ours, theirs } = await simulatedCredentials(one.options, nobleProvider, unasked);
        simulate(simulationFor(one, 'bench', ours, theirs, nobleProvider));
      }
      const between = cpuMs();
      await runSweep({
        plan,
        cells: part,
        shake: (scenario) =>
          shakeSimulated({
            scenario,
            expectation: plan.expectation,
            tool: 'bench',
            crypto: nobleProvider,
            reading: nodeProvider,
            credentials: unasked,
          }),
        breathe: () => new Promise((resolve) => void setImmediate(resolve)),
        stopped: () => false,
        done: () => done++,
      });
      bare += between - before;
      swept += cpuMs() - between;
    }
    print(
      `  DTLS ${version}: ${cells.length} cells planned in ${planned.toFixed(0)} ms, ${done} run in ${(swept / 1000).toFixed(1)} s, ${(swept / bare).toFixed(2)} x the handshakes alone (${(bare / 1000).toFixed(1)} s)`,
    );
  }
}
