import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { simulate, simulationCredentials, simulationFor } from '../../src/run/index.ts';
import { readScenario } from '../../src/scenario/index.ts';
import type { Trace } from '../../src/trace/model.ts';

function simulated(...link: readonly string[]): Trace {
  const read = readScenario('probe', 'sim', { link, mtu: ['300'], certGen: ['rsa-2048'], linger: ['0'] });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { ours, theirs } = simulationCredentials(read.value.options);
  if (!ours) throw new Error('no bundled credential');
  return simulate(simulationFor(read.value, 'test', ours, theirs, nobleProvider));
}

function handshakeOf({ header, events }: Trace): Handshake {
  const analysis = new Analysis({ crypto: nodeProvider, header });
  for (const event of events) analysis.push(event);
  const [handshake] = analysis.snapshot().handshakes;
  if (!handshake) throw new Error('no handshake');
  return handshake;
}

describe('a run that went through a pcapng', () => {
  it.each([['out:drop=certificate#2'], ['in:drop=server_hello#1'], ['out:mtu=250'], ['loss=20%']])(
    'still tells what the link took: %s',
    (rule) => {
      const run = simulated(rule);
      const before = handshakeOf(run);
      const after = handshakeOf(readCapture(toPcapng(run, { withKeys: true })).trace);
      const lost = ({ lost }: Handshake) =>
        lost.map(({ from, message, bytes, evidence }) => ({ from, message, bytes, evidence }));
      expect(lost(before).length).toBeGreaterThan(0);
      expect(lost(after)).toEqual(lost(before));
      expect(after.retransmissions).toEqual(before.retransmissions);
    },
  );
});
