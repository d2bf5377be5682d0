/** Handshakes for reports: read from the fixture captures, or run in memory over a scripted link. */
import { existsSync, readFileSync } from 'node:fs';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { parseKeyLog, secretEvents } from '../../src/capture/keylog.ts';
import { readCapture } from '../../src/capture/read.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import type { Retransmission } from '../../src/engine/api.ts';
import { defaultConfig } from '../../src/engine/config.ts';
import type { LinkRule } from '../../src/link/api.ts';
import { simulate } from '../../src/run/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

const folder = new URL('../fixtures/captures/', import.meta.url);

export const captureNames = [
  'bigchain_mtu300',
  'bigchain_unsplit',
  'chromium_janus_srtp',
  'dtls10_rsa_cbc',
  'dtls13_nss_mutual_pq',
  'expired_client_cert',
  'good_ecdhe_rsa',
  'good_mutual_srtp',
  'hole',
  'loss-small',
  'lossy_retransmit',
  'pmtu_blackhole',
  'trunc',
] as const;

/** The trace of a fixture, its key log first. */
export function captured(name: (typeof captureNames)[number]): Trace {
  const { trace } = readCapture(readFileSync(new URL(`${name}.pcapng`, folder)));
  const keys = new URL(`${name}.keylog`, folder);
  const secrets = existsSync(keys) ? parseKeyLog(readFileSync(keys)).secrets : [];
  return { header: trace.header, events: [...secretEvents(secrets, 0), ...trace.events] };
}

/** A mutual handshake in memory. */
export function simulated(rules: readonly LinkRule[], retransmission: Partial<Retransmission> = {}): Trace {
  const config = (role: 'client' | 'server', credential: 'ecdsa-p256-a' | 'ecdsa-p256-b') => ({
    ...defaultConfig(role),
    versions: ['1.2'] as const,
    mtu: 300,
    retransmission: { ...defaultConfig(role).retransmission, ...retransmission },
    credentials: [bundledTestCredential(credential)],
  });
  return simulate({
    header: {
      tool: 'dtlscope 0.0.0',
      kind: 'simulation',
      startedAt: undefined,
      title: undefined,
      localRole: undefined,
      commandLine: undefined,
    },
    client: config('client', 'ecdsa-p256-a'),
    server: config('server', 'ecdsa-p256-b'),
    ours: 'client',
    rules,
    seed: 1,
    crypto: nobleProvider,
    lingerMs: 500,
    timeoutMs: 200_000,
  });
}

export function handshakesOf({ header, events }: Trace): readonly Handshake[] {
  const analysis = new Analysis({ crypto: nodeProvider, header });
  for (const event of events) analysis.push(event);
  return analysis.snapshot().handshakes;
}

export function handshakeOf(trace: Trace): Handshake {
  const [handshake] = handshakesOf(trace);
  if (!handshake) throw new Error('no handshake in the trace');
  return handshake;
}

/** A diagnosis that does not change when diagnosis gets better words. */
export const blank: Diagnosis = {
  outcome: 'established',
  lastMessage: 'finished',
  verdict: 'A verdict.',
  findings: [],
};
