/** Real captures: what expected.json demands, with and without keys, and what tshark reads of the same files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { toHex } from '../../src/base/bytes.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { project } from '../../src/trace/buffers.ts';
import { handshakeTypeName } from '../../src/wire/handshake.ts';
import { ContentType, groups, nameIn } from '../../src/wire/registry.ts';
import { cipherSuiteName } from '../../src/wire/suites.ts';
import { hasTshark } from '../capture/tshark.ts';
import { captureDirectory, captureNames } from '../support/fixtures.ts';
import { analysisOf, captureTrace, onlyHandshake } from '../support/reading.ts';

interface Row {
  readonly outcome?: string;
  readonly version?: string;
  readonly cipherSuite?: string;
  readonly group?: string;
  readonly findings?: readonly string[];
  readonly lost?: { readonly from: string; readonly message: string; readonly bytes: readonly number[] };
  readonly noErrors?: boolean;
}
const expected = JSON.parse(readFileSync(`${captureDirectory}expected.json`, 'utf8')) as Readonly<
  Record<string, readonly Row[]>
>;
const rows = Object.entries(expected).flatMap(([name, [row]]) => (row ? [[name, row] as const] : []));

const asRow = (handshake: Handshake): Required<Omit<Row, 'lost'>> & { readonly lost: readonly Row['lost'][] } => {
  const { outcome, findings } = diagnose(handshake);
  const { version, cipherSuite, group } = handshake.parameters;
  return {
    outcome,
    version: version ?? '',
    cipherSuite: cipherSuite === undefined ? '' : cipherSuiteName(cipherSuite),
    group: group === undefined ? '' : nameIn(groups)(group),
    findings: findings.map(({ id }) => id),
    lost: handshake.lost.map(({ from, message, bytes }) => ({ from, message: handshakeTypeName(message), bytes })),
    noErrors: findings.every(({ severity }) => severity !== 'error'),
  };
};

describe.each(['with keys', 'without keys'] as const)('captures %s', (keys) => {
  it.each(rows)('%s is read as expected.json says', (name, row) => {
    const read = asRow(onlyHandshake(captureTrace(name, keys)));
    const { findings, lost, ...fields } = row;
    expect(read).toMatchObject(fields);
    expect(read.findings).toEqual(expect.arrayContaining([...(findings ?? [])]));
    if (lost) expect(read.lost).toEqual([lost]);
  });

  it('gives established captures no outcome but their own, and names what it guessed', () => {
    const guessed = onlyHandshake(captureTrace('chromium_janus_srtp', keys)).inferred;
    expect(guessed).toEqual(['flights', 'lastMessage', 'outcome']);
    const read = onlyHandshake(captureTrace('good_ecdhe_rsa', keys));
    expect(read.inferred).toEqual(keys === 'with keys' ? [] : guessed);
    expect(read.keys).toBe(keys === 'with keys' ? 'decrypts' : 'none');
  });

  it('counts six flights with a cookie and four without', () => {
    const names = (name: string) =>
      onlyHandshake(captureTrace(name, keys)).flights.map(({ from, messages }) => [from, ...messages]);
    expect(names('good_mutual_srtp')).toEqual([
      ['client', 'client_hello'],
      ['server', 'hello_verify_request'],
      ['client', 'client_hello'],
      ['server', 'server_hello', 'certificate', 'server_key_exchange', 'certificate_request', 'server_hello_done'],
      ['client', 'certificate', 'client_key_exchange', 'certificate_verify', 'change_cipher_spec', 'finished'],
      ['server', 'new_session_ticket', 'change_cipher_spec', 'finished'],
    ]);
    expect(names('chromium_janus_srtp').map(([from]) => from)).toEqual(['client', 'server', 'client', 'server']);
  });
});

describe('what a capture shows', () => {
  it('says how often flights were sent, and by whose timer', () => {
    const { retransmissions, timers, flights } = onlyHandshake(captureTrace('loss-small', 'with keys'));
    expect(retransmissions).toEqual({ client: 1, server: 1 });
    expect(timers).toMatchObject([{ actor: 'client', flight: 3, attempt: 1, inferred: true }]);
    expect(timers[0]?.durationMs).toBeCloseTo(1005.2, 0);
    expect(flights.map(({ resentAt }) => resentAt.length)).toEqual([0, 0, 1, 1, 0, 0]);
  });

  it('keeps the client for the owner of a timer when the server only answers', () => {
    for (const name of ['hole', 'trunc', 'pmtu_blackhole']) {
      const { timers } = onlyHandshake(captureTrace(name, 'without keys'));
      expect(timers.map(({ actor }) => actor)).toEqual(['client', 'client', 'client']);
      // The timer doubles (RFC 6347 §4.2.4.1).
      const [a = 0, b = 0, c = 0] = timers.map(({ durationMs }) => durationMs);
      expect([b / a, c / b]).toEqual([expect.closeTo(2, 0), expect.closeTo(2, 0)]);
    }
  });

  it('finds the records that never reached the place of the capture', () => {
    const { recordGaps } = onlyHandshake(captureTrace('loss-small', 'without keys'));
    expect(recordGaps).toMatchObject([{ from: 'server', numbers: [4, 5], before: 6 }]);
  });

  it('tells certificates, SRTP profile, group and signature', () => {
    const { certificates, parameters } = onlyHandshake(captureTrace('good_mutual_srtp', 'without keys'));
    expect(certificates.client.map(({ subject, key }) => `${subject} ${key}`)).toEqual([
      'CN=test client ECDSA P-256',
      'CN=EC Test CA ECDSA P-256',
    ]);
    expect(certificates.server[0]).toMatchObject({ bytes: 453, notAfter: '2029-02-23T07:24:27Z' });
    expect(parameters).toMatchObject({
      srtpProfile: 1,
      group: 29,
      signature: 0x0403,
      cookie: true,
      extendedMasterSecret: true,
    });
  });

  it('counts what is no DTLS', () => {
    const { unrelated, handshakes } = analysisOf(captureTrace('chromium_janus_srtp', 'without keys')).snapshot();
    expect(unrelated).toEqual({ stun: 11, rtp: 90 });
    expect(handshakes[0]?.traffic.client.media).toBeGreaterThan(0);
  });

  it('maps every byte of every message to the datagrams that brought it', () => {
    for (const name of captureNames) {
      const analysis = analysisOf(captureTrace(name, 'with keys'));
      for (const { messages, datagrams } of analysis.snapshot().handshakes) {
        const payload = new Map(datagrams.map(({ packet, bytes }) => [packet, bytes]));
        for (const { body, buffer, present } of messages) {
          expect(analysis.bytesOf(buffer)).toEqual(body);
          for (const [start, end] of present) {
            const parts = project(analysis.origins, buffer, start, end);
            expect(parts.length).toBeGreaterThan(0);
            for (const part of parts) expect(payload.get(part.packet)?.length).toBeGreaterThanOrEqual(part.end);
          }
        }
      }
    }
  });

  it('lights up a field that a fragment border cuts in both datagrams', () => {
    const analysis = analysisOf(captureTrace('loss-small', 'without keys'));
    const [handshake] = analysis.snapshot().handshakes;
    const certificate = handshake?.messages.find(({ message }) => message === 11);
    if (!certificate) throw new Error('no certificate');
    const parts = project(analysis.origins, certificate.buffer, 400, 420);
    // 25 bytes of headers stand before a fragment's body; byte 408 came first with the retransmission, in datagram 14.
    expect(parts).toEqual([
      { packet: 5, start: 25 + 400 - 161, end: 25 + 408 - 161 },
      { packet: 14, start: 25 + 408 - 247, end: 25 + 420 - 247 },
    ]);
    const bytesAt = ({ packet, start, end }: (typeof parts)[number]) =>
      handshake?.datagrams.find((datagram) => datagram.packet === packet)?.bytes.slice(start, end);
    expect(parts.flatMap((part) => [...(bytesAt(part) ?? [])])).toEqual([...certificate.body.slice(400, 420)]);
  });
});

/** What tshark reads of a capture, in one run. */
interface TsharkReading {
  /** By frame: type, message_seq, offset, length, total of each fragment. */
  readonly fragments: ReadonlyMap<number, readonly string[]>;
  /** Lists of suites that hellos have, each once. */
  readonly suites: readonly string[];
  /** Level and description of each alert that it can read. */
  readonly alerts: readonly string[];
  /** Application data that it decrypted, and its frame; hexadecimal. */
  readonly data: readonly string[];
}

function tsharkReading(name: string): TsharkReading {
  const fields = ['type', 'message_seq', 'fragment_offset', 'fragment_length', 'length'].map(
    (field) => `dtls.handshake.${field}`,
  );
  const others = ['dtls.handshake.ciphersuite', 'dtls.alert_message.level', 'dtls.alert_message.desc', 'data.data'];
  const args = ['-n', '-r', `${captureDirectory}${name}.pcapng`, '-Y', 'dtls'];
  const keys = `${captureDirectory}${name}.keylog`;
  const out = execFileSync(
    'tshark',
    [
      ...[...args, ...(existsSync(keys) ? ['-o', `tls.keylog_file:${keys}`] : [])],
      ...['-T', 'fields', ...['frame.number', ...fields, ...others].flatMap((field) => ['-e', field])],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const fragments = new Map<number, string[]>();
  const suites = new Set<string>();
  const alerts: string[] = [];
  const data: string[] = [];
  for (const line of out.trimEnd().split('\n')) {
    const cells = line.split('\t').map((cell) => (cell === '' ? [] : cell.split(',')));
    const [[frame = ''] = [], ...columns] = cells;
    const [types = []] = columns;
    const [list = [], levels = [], descriptions = [], contents = []] = columns.slice(fields.length);
    const told = types.map((_, i) => fields.map((_field, column) => columns[column]?.[i]).join(' '));
    if (told.length > 0) fragments.set(Number(frame), told);
    if (list.length > 0) suites.add(list.map(Number).join(' '));
    alerts.push(...levels.map((level, i) => `${level} ${descriptions[i]}`));
    data.push(...contents.map((content) => `${frame} ${content}`));
  }
  return { fragments, suites: [...suites], alerts: [...new Set(alerts)], data };
}

describe.runIf(hasTshark)('tshark', () => {
  // tshark shows nothing of the cut datagrams of `trunc`, and its 4.0 nothing of DTLS 1.3.
  const readByBoth = captureNames.filter((name) => name !== 'trunc' && name !== 'dtls13_nss_mutual_pq');

  it.each(readByBoth)('reads the same messages, fragments, suites, alerts and decrypted bytes in %s', (name) => {
    const analysis = analysisOf(captureTrace(name, 'with keys'));
    const [handshake, ...more] = analysis.snapshot().handshakes;
    if (!handshake || more.length > 0) throw new Error('not one handshake');
    const { datagrams, parameters, alerts } = handshake;
    const ours = new Map<number, string[]>();
    const data: string[] = [];
    for (const { packet, records } of datagrams) {
      const fragments = records.flatMap((record) =>
        record.fragments.map(({ message, messageSeq, offset, length, total }) =>
          [message, messageSeq, offset, length, total].join(' '),
        ),
      );
      if (fragments.length > 0) ours.set(packet, fragments);
      for (const { contentType, protection, content } of records) {
        if (contentType !== ContentType.applicationData || protection !== 'decrypted' || !content) continue;
        const bytes = analysis.bytesOf(content.buffer)?.subarray(content.start, content.end);
        data.push(`${packet} ${toHex(bytes ?? new Uint8Array(0))}`);
      }
    }
    const theirs = tsharkReading(name);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs.fragments));
    const { offer, cipherSuite } = parameters;
    const suites = [offer?.cipherSuites.join(' '), cipherSuite === undefined ? undefined : String(cipherSuite)];
    expect(suites.filter((list) => list !== undefined)).toEqual(theirs.suites);
    const read = alerts.flatMap(({ level, description, readable }) => (readable ? [`${level} ${description}`] : []));
    expect([...new Set(read)]).toEqual(theirs.alerts);
    expect(data).toEqual(theirs.data);
    if (name === 'good_ecdhe_rsa') expect(data).not.toEqual([]);
  });
});
