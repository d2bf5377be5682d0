import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertView } from '../../src/analysis/model.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { handshakeJson } from '../../src/report/json.ts';
import { recordedTrace } from '../support/reading13.ts';
import { blank, captured, captureNames, handshakeOf, handshakesOf } from './handshakes.ts';

/** The shape that users script against: names of fields, in order, and what each may be. */
const shape = {
  id: 'string',
  client: 'string',
  server: 'string',
  outcome: 'string',
  lastMessage: 'string|null',
  verdict: 'string',
  inferred: 'list',
  version: 'string|null',
  cipherSuite: 'string|null',
  group: 'string|null',
  signature: 'string|null',
  srtpProfile: 'string|null',
  extendedMasterSecret: 'boolean|null',
  alpn: 'string|null',
  durationMs: 'number|null',
  datagrams: 'client,server,largest',
  flights: 'list of number,from,messages,sentAtMs,datagrams,complete',
  retransmissions: 'client,server',
  lost: 'list of from,message,bytes',
  alerts: 'list of from,level,description,afterMessage',
  steps: 'list',
  certificates: 'client,server',
  findings: 'list of id,severity,title,why,fix,see,evidence',
} as const;

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'list' : `list of ${Object.keys(value[0]).join(',')}`;
  return typeof value === 'object' ? Object.keys(value).join(',') : typeof value;
}

describe('the JSON of a handshake', () => {
  it.each(captureNames)('has exactly the promised fields, and survives JSON: %s', (name) => {
    for (const handshake of handshakesOf(captured(name))) {
      const json = handshakeJson(handshake, diagnose(handshake));
      expect(Object.keys(json)).toEqual(Object.keys(shape));
      for (const [field, expected] of Object.entries(shape)) {
        const kind = kindOf(json[field as keyof typeof json]);
        if (field === 'inferred') expect(Array.isArray(json.inferred)).toBe(true);
        else if (expected.startsWith('list of')) expect(['list', expected]).toContain(kind);
        else expect(expected.split('|')).toContain(kind);
      }
      for (const chain of [json.certificates.client, json.certificates.server]) {
        for (const certificate of chain) {
          expect(Object.keys(certificate)).toEqual(['subject', 'key', 'bytes', 'notBefore', 'notAfter', 'sha256']);
        }
      }
      for (const { evidence } of json.findings) {
        for (const place of evidence) expect(Object.keys(place)).toEqual(['packet', 'start', 'end']);
      }
      expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    }
  });

  it('of a loss that was recovered says it in RFC names, bytes and milliseconds', () => {
    const json = handshakeJson(handshakeOf(captured('loss-small')), blank);
    expect(json).toMatchObject({
      id: 'h1',
      client: '127.0.0.1:56381',
      server: '127.0.0.1:5555',
      version: '1.2',
      cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      group: 'x25519',
      signature: 'rsa_pss_rsae_sha256',
      srtpProfile: null,
      extendedMasterSecret: true,
      alpn: null,
      durationMs: 1007.565,
      datagrams: { client: 4, server: 20, largest: 282 },
      retransmissions: { client: 1, server: 1 },
      lost: [{ from: 'server', message: 'certificate', bytes: [408, 655] }],
      alerts: [],
    });
    expect(json.flights.map(({ number, from, datagrams, complete }) => [number, from, datagrams, complete])).toEqual([
      [1, 'client', 1, true],
      [2, 'server', 1, true],
      [3, 'client', 1, true],
      [4, 'server', 7, true],
      [5, 'client', 1, true],
      [6, 'server', 1, true],
    ]);
    expect(json.flights[3]?.messages).toEqual([
      'server_hello',
      'certificate',
      'server_key_exchange',
      'server_hello_done',
    ]);
    expect(json.flights[4]?.sentAtMs).toBe(1007.134);
    expect(json.certificates.server).toEqual([
      {
        subject: 'CN=exp',
        key: 'RSA 4096',
        bytes: 1281,
        notBefore: expect.stringMatching(/^2026-11-21T/),
        notAfter: expect.stringMatching(/^2026-12-21T/),
        sha256: expect.stringMatching(/^6546f6bf1eee84ab[0-9a-f]{48}$/),
      },
    ]);
  });

  it('of DTLS 1.3 has its version, group, signature and flights, and what is inferred without keys', () => {
    const of = (keys: 'with keys' | 'without keys') => {
      const [handshake] = handshakesOf(recordedTrace('retry_aes256', keys));
      if (!handshake) throw new Error('no handshake');
      return handshakeJson(handshake, blank);
    };
    expect(of('with keys')).toMatchObject({
      version: '1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      group: 'secp256r1',
      signature: 'ecdsa_secp256r1_sha256',
      srtpProfile: 'SRTP_AES128_CM_HMAC_SHA1_80',
      extendedMasterSecret: null,
      inferred: [],
    });
    expect(
      of('with keys')
        .flights.slice(0, 5)
        .map(({ from, messages }) => `${from} ${messages.join(' ')}`),
    ).toEqual([
      'client client_hello',
      'server hello_retry_request',
      'client client_hello',
      'server server_hello encrypted_extensions certificate certificate_verify finished',
      'client finished',
    ]);
    expect(of('without keys')).toMatchObject({
      version: '1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      group: 'secp256r1',
      signature: null,
      srtpProfile: null,
      inferred: ['flights', 'lastMessage', 'outcome', 'alerts'],
      certificates: { client: [], server: [] },
    });
  });

  it('counts time from the first datagram of the handshake, not of the capture', () => {
    const json = handshakeJson(handshakeOf(captured('chromium_janus_srtp')), blank);
    expect(json.flights[0]?.sentAtMs).toBe(0);
    expect(json.durationMs).toBeLessThan(10);
    expect(json.srtpProfile).toBe('SRTP_AES128_CM_HMAC_SHA1_80');
  });

  it('has null for what was not seen', () => {
    expect(handshakeJson(handshakeOf(captured('hole')), { ...blank, lastMessage: undefined })).toMatchObject({
      lastMessage: null,
      cipherSuite: null,
      group: null,
      signature: null,
      extendedMasterSecret: null,
      durationMs: null,
    });
  });

  it('names alerts, and leaves those open that nobody can read', () => {
    const base = handshakeOf(captured('expired_client_cert'));
    expect(handshakeJson(base, blank).alerts).toEqual([
      { from: 'server', level: 'fatal', description: 'certificate_expired', afterMessage: 'finished' },
    ]);
    const sealed: AlertView = {
      at: 0,
      from: 'client',
      level: 0,
      description: 0,
      afterMessage: undefined,
      where: undefined,
      readable: false,
      beforeFinished: true,
    };
    const odd: AlertView = { ...sealed, readable: true, level: 7, description: 222 };
    expect(handshakeJson({ ...base, alerts: [sealed, odd] }, blank).alerts).toEqual([
      { from: 'client', level: null, description: null, afterMessage: null },
      { from: 'client', level: 'unknown (0x07)', description: 'unknown (0xde)', afterMessage: null },
    ]);
  });

  it('gives what the table of expectations asks for and this reader already tells', () => {
    const url = new URL('../fixtures/captures/expected.json', import.meta.url);
    const expected: Record<string, { version?: string; cipherSuite?: string; group?: string; lost?: object }[]> =
      JSON.parse(readFileSync(url, 'utf8'));
    for (const name of captureNames) {
      const [wanted] = expected[name] ?? [];
      const { version, cipherSuite, group, lost } = handshakeJson(handshakeOf(captured(name)), blank);
      if (wanted?.version) expect(version).toBe(wanted.version);
      if (wanted?.cipherSuite) expect(cipherSuite).toBe(wanted.cipherSuite);
      if (wanted?.group) expect(group).toBe(wanted.group);
      if (wanted?.lost) expect(lost).toContainEqual(wanted.lost);
    }
  });
});
