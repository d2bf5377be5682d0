/** Whether a Finished is the hash of the messages before it, where keys open it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { parseKeyLog, secretEvents } from '../../src/capture/keylog.ts';
import { readCapture } from '../../src/capture/read.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { EndpointConfig } from '../../src/engine/api.ts';
import type { Trace } from '../../src/trace/model.ts';
import { recordings } from '../support/dtls13.ts';
import { captureTrace, onlyHandshake, snapshotOf } from '../support/reading.ts';
import { recordedTrace } from '../support/reading13.ts';
import { only13 } from '../support/settings13.ts';
import { captureAt, simulated } from '../support/traces.ts';

const fitsOf = ({ finished: { client, server } }: Handshake) => ({ client: client?.fits, server: server?.fits });
const both = { client: true, server: true };

/** A handshake of ours with these settings of both ends, as a capture with its keys. */
const ours = (config: Partial<EndpointConfig>, client: Partial<EndpointConfig> = {}, server = client): Trace =>
  captureAt(
    simulated({
      client: { ...config, ...client },
      server: { ...config, ...server, clientAuth: 'require' },
      rules: ['delay=20ms'],
    }),
    'client',
  );

describe('a Finished', () => {
  it.each([
    'good_ecdhe_rsa',
    'good_mutual_srtp',
    'dtls10_rsa_cbc',
    'loss-small',
    'lossy_retransmit',
    'bigchain_unsplit',
  ])('of real stacks fits the messages of %s', (name) => {
    expect(fitsOf(onlyHandshake(captureTrace(name, 'with keys')))).toEqual(both);
    expect(fitsOf(onlyHandshake(captureTrace(name, 'without keys')))).toEqual({ client: undefined, server: undefined });
  });

  it.each(recordings)('of DTLS 1.3 fits the messages of %s', (name) => {
    expect(fitsOf(onlyHandshake(recordedTrace(name, 'with keys')))).toEqual(both);
  });

  it('of a resumed session comes from the server first, and fits as well', () => {
    const folder = new URL('../fixtures/resumption/', import.meta.url);
    const { trace } = readCapture(readFileSync(new URL('openssl.pcap', folder)));
    const secrets = secretEvents(parseKeyLog(readFileSync(new URL('openssl.keylog', folder))).secrets, 0);
    const { handshakes } = snapshotOf({ header: trace.header, events: [...secrets, ...trace.events] });
    expect(handshakes.map(({ parameters }) => parameters.resumed)).toEqual([false, true]);
    expect(handshakes.map(fitsOf)).toEqual([both, both]);
  });

  it('behind a connection ID of DTLS 1.2 is the first record under the keys, though its type is encrypted', () => {
    const { trace } = readCapture(readFileSync(new URL('../fixtures/cid/mbedtls.pcap', import.meta.url)));
    const handshake = onlyHandshake(trace);
    expect(diagnose(handshake).outcome).toBe('established');
    expect(handshake.flights.map(({ messages }) => messages.at(-1)).slice(-2)).toEqual(['finished', 'finished']);
    expect(handshake.flights.flatMap(({ resentAt }) => resentAt)).toEqual([]);
  });

  it.each([
    ['1.2', {}],
    ['1.3', only13],
  ] as const)('of DTLS %s that is wrong is told from one that is right', (_, config) => {
    const wrong = { faults: { says: ['wrong-finished'] } } as const;
    expect(fitsOf(onlyHandshake(ours(config, wrong, {}))).client).toBe(false);
    expect(fitsOf(onlyHandshake(ours(config, {}, wrong))).server).toBe(false);
  });

  it('is not judged where a message before it is missing', () => {
    const trace = ours({ mtu: 300 });
    const [certificate] = onlyHandshake(trace).datagrams.filter(({ records }) =>
      records.some(({ fragments }) => fragments.some(({ name }) => name === 'certificate')),
    );
    const events = trace.events.filter((event) => event.kind !== 'datagram' || event.packet !== certificate?.packet);
    expect(fitsOf(onlyHandshake({ ...trace, events }))).toEqual({ client: undefined, server: undefined });
  });

  it('that is right though it is refused puts the blame on who refuses it', () => {
    // What the server has hashed twice, the client's CertificateVerify signs once.
    const twice = { clientAuth: 'require', faults: { transcript: 'with-repeats' } } as const;
    const trace = captureAt(simulated({ server: twice, rules: ['delay=20ms', 'in:drop=server_hello#1'] }), 'client');
    const { verdict, findings } = diagnose(onlyHandshake(trace));
    expect(verdict).toMatch(
      /the client's Finished is right for the messages in this trace, so that the server has hashed others, or means a signature/,
    );
    expect(findings[0]?.id).toBe('finished-decrypt-failure');
  });

  it('that is refused in DTLS 1.2 without keys leaves open what the encrypted alert says', () => {
    const trace = captureAt(
      simulated({ server: { faults: { says: ['wrong-finished'] } }, rules: ['delay=20ms'] }),
      'client',
      false,
    );
    expect(diagnose(onlyHandshake(trace)).verdict).toMatch(
      /both Finished seen but encrypted\); all that the client sent then is an alert, encrypted, after 0 ms: a goodbye, or a refusal of that Finished; a key log tells which\.$/,
    );
    expect(diagnose(onlyHandshake(captureTrace('good_ecdhe_rsa', 'without keys'))).verdict).not.toMatch(/goodbye/);
  });

  it('that is refused in DTLS 1.3 without keys is a record of the size of an alert, and no more is claimed', () => {
    const server = { ...only13, faults: { says: ['wrong-finished'] } } as const;
    const trace = captureAt(simulated({ client: only13, server, rules: ['delay=20ms'] }), 'client', false);
    const { outcome, verdict, findings } = diagnose(onlyHandshake(trace));
    expect(outcome).toBe('incomplete-capture');
    expect(verdict).toMatch(
      /ms after the beginning; the client ended with a record of the size of an alert: give a key log/,
    );
    expect(findings.map(({ why }) => why).join()).toMatch(/with what may be an alert, and without the keys to read it/);
  });
});
