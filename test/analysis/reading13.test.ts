/** Recorded and scripted handshakes of DTLS 1.3: what their keys open, and what is told without them. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { type Handshake, type RecordView, silenceMs } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { ackText, fragmentText } from '../../src/report/names.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { groups, nameIn } from '../../src/wire/registry.ts';
import { neverAcknowledged, resentAfterAck } from '../diagnosis/cases13.ts';
import { type RecordingName, readRecording, recordings } from '../support/dtls13.ts';
import { onlyHandshake } from '../support/reading.ts';
import { recordedTrace } from '../support/reading13.ts';
import { ackOf, alert, data, Script13 } from '../support/scripted13.ts';

const read = (name: RecordingName, keys: 'with keys' | 'without keys' = 'with keys'): Handshake =>
  onlyHandshake(recordedTrace(name, keys));
const recordsOf = ({ datagrams }: Handshake): RecordView[] => datagrams.flatMap(({ records }) => records);
const flightsOf = ({ flights }: Handshake): string[] =>
  flights.map(({ from, messages }) => `${from}: ${messages.join(' ')}`);

describe('with keys', () => {
  it.each(recordings)('every record of %s opens, under the numbers and types that a walk by hand finds', (name) => {
    const { opened } = readRecording(name, nodeProvider);
    const ours = recordsOf(read(name)).filter(({ unmasked }) => unmasked !== undefined);
    expect(
      ours.map(({ epoch, sequenceNumber, contentType, protection }) => [
        epoch,
        sequenceNumber,
        contentType,
        protection,
      ]),
    ).toEqual(opened.map(({ epoch, record }) => [epoch, record?.sequenceNumber, record?.type, 'decrypted']));
  });

  it.each(recordings)('the messages of %s are those that a walk by hand finds', (name) => {
    const { messages } = readRecording(name, nodeProvider);
    const ours = read(name).messages;
    // KeyUpdates and tickets of the recordings come twice; the walk counts them once, as we do.
    expect(ours.map(({ from, message, messageSeq, complete }) => [from, message, messageSeq, complete])).toEqual(
      messages.map(({ from, type, seq }) => [from, type, seq, true]),
    );
    for (const [i, { body }] of messages.entries()) expect(ours[i]?.body).toEqual(body);
  });

  it('flights are those of RFC 9147, HelloRetryRequest has its name, and what follows the handshake is a flight each', () => {
    expect(flightsOf(read('dtls13_nss_mutual_pq'))).toEqual([
      'client: client_hello',
      'server: server_hello encrypted_extensions certificate_request certificate certificate_verify finished',
      'client: certificate certificate_verify finished',
    ]);
    expect(flightsOf(read('retry_aes256'))).toEqual([
      'client: client_hello',
      'server: hello_retry_request',
      'client: client_hello',
      'server: server_hello encrypted_extensions certificate certificate_verify finished',
      'client: finished',
      'server: new_session_ticket',
      'client: key_update',
      'server: key_update',
      'client: key_update',
      'server: key_update',
    ]);
    expect(flightsOf(read('psk_chacha20'))).toEqual([
      'client: client_hello',
      'server: server_hello encrypted_extensions finished',
      'client: finished',
      'client: key_update',
      'server: key_update',
    ]);
    for (const name of recordings)
      for (const { complete, inferred } of read(name).flights) expect([complete, inferred]).toEqual([true, false]);
  });

  it('parameters come from hellos, EncryptedExtensions and CertificateVerify', () => {
    const of = (name: RecordingName) => {
      const { version, group, signature, srtpProfile, cookie, psk, extendedMasterSecret } = read(name).parameters;
      return { version, group: nameIn(groups)(group ?? 0), signature, srtpProfile, cookie, psk, extendedMasterSecret };
    };
    const common = { version: '1.3', extendedMasterSecret: undefined };
    expect(of('dtls13_nss_mutual_pq')).toEqual({
      ...common,
      group: 'X25519MLKEM768',
      signature: 0x0403,
      srtpProfile: undefined,
      cookie: false,
      psk: false,
    });
    expect(of('retry_aes256')).toEqual({
      ...common,
      group: 'secp256r1',
      signature: 0x0403,
      srtpProfile: 1,
      cookie: true,
      psk: false,
    });
    expect(of('psk_chacha20')).toEqual({
      ...common,
      group: 'x25519',
      signature: undefined,
      srtpProfile: 1,
      cookie: false,
      psk: true,
    });
  });

  it('certificates and encrypted alerts are read', () => {
    const { certificates, alerts, lastMessage, finished } = read('dtls13_nss_mutual_pq');
    expect(certificates.client.map(({ subject }) => subject)).toEqual(['CN=test client']);
    expect(certificates.server.map(({ subject }) => subject)).toEqual(['CN=localhost', 'CN=EC Test CA']);
    expect(alerts).toMatchObject([
      { from: 'client', level: 1, description: 0, readable: true, beforeFinished: false },
      { from: 'server', level: 1, description: 0, readable: true, beforeFinished: false },
    ]);
    expect([lastMessage?.from, lastMessage?.name, finished.server?.read]).toEqual(['client', 'finished', true]);
  });

  it('an ACK names records, and is booked for the messages that were in them', () => {
    const handshake = read('dtls13_nss_mutual_pq');
    const [ack] = recordsOf(handshake).flatMap((record) => (record.ack ? [record.ack] : []));
    expect(
      ack?.map(({ epoch, sequenceNumber, record }) => [epoch, sequenceNumber, record?.packet, record?.index]),
    ).toEqual([
      [2, 0, 5, 0],
      [2, 1, 5, 1],
      [2, 2, 5, 2],
    ]);
    expect(ackText(ack ?? [])).toBe('ack 2/0–2: certificate, certificate_verify, finished');
    const acknowledged = handshake.messages.filter(({ from }) => from === 'client');
    expect(acknowledged.slice(1).map(({ acknowledged: ranges, total }) => [ranges, total])).toEqual([
      [[[0, 455]], 455],
      [[[0, 76]], 76],
      [[[0, 32]], 32],
    ]);
    expect(handshake.datagrams[6]).toMatchObject({ from: 'server', flight: undefined });
  });

  it('it is complete when the server has acknowledged the last flight, or shown that it has it', () => {
    for (const name of recordings) {
      const handshake = read(name);
      const [shown] = handshake.datagrams.filter(
        ({ from, at, records }) => from === 'server' && at > (handshake.finished.client?.at ?? 0) && records.length > 0,
      );
      expect(handshake.establishedAt).toBe(shown?.at);
      expect(handshake.inferred).toEqual([]);
    }
  });

  it('an ACK of a part of the last flight, or an alert, proves nothing', () => {
    const partly = new Script13();
    partly.hellos(0);
    partly.send(21, 'server', partly.flight('server'));
    const [first] = partly.flight('client');
    const numbers = partly.send(30, 'client', first ? [first] : []);
    partly.send(31, 'client', partly.flight('client').slice(1), 'lost');
    partly.send(60, 'server', [ackOf(numbers)]);
    expect(onlyHandshake(partly.trace('with keys')).establishedAt).toBeUndefined();

    const refused = new Script13();
    refused.hellos(0);
    refused.send(21, 'server', refused.flight('server'));
    refused.send(30, 'client', refused.flight('client'));
    refused.send(60, 'server', [alert(2, 42)]);
    const handshake = onlyHandshake(refused.trace('with keys'));
    expect(handshake.establishedAt).toBeUndefined();
    expect(diagnose(handshake).outcome).toBe('alert-received');
  });

  it('what an ACK left out is sent again, as part of the same flight, and is no timer', () => {
    const { flights, lost, retransmissions, timers, recordGaps } = onlyHandshake(resentAfterAck('with keys')());
    expect(flights[1]).toMatchObject({ resentAt: [140], resentAfterAck: [140], complete: true });
    expect(lost).toMatchObject([{ from: 'server', message: 11, bytes: [300, 869], recoveredAt: 140 }]);
    expect(recordGaps).toMatchObject([{ from: 'server', epoch: 2, numbers: [3, 5] }]);
    expect(retransmissions).toEqual({ client: 0, server: 1 });
    expect(timers).toEqual([]);
  });

  it('a whole flight that comes again after its timer is no answer to an ACK', () => {
    const script = new Script13();
    script.hellos(0);
    const flight = script.flight('server');
    script.send(21, 'server', flight);
    script.send(1021, 'server', flight);
    const { flights, timers } = onlyHandshake(script.trace('with keys'));
    expect(flights[1]).toMatchObject({ resentAt: [1021], resentAfterAck: [] });
    expect(timers).toMatchObject([{ actor: 'server', durationMs: 1011, inferred: true }]);
  });

  it('records of epochs behind a KeyUpdate that was never seen open as well', () => {
    const trace = recordedTrace('retry_aes256', 'with keys');
    const updates = new Set([14, 16, 19, 21, 24, 26, 29, 32]);
    const gaps = {
      ...trace,
      events: trace.events.filter((event) => event.kind !== 'datagram' || !updates.has(event.packet)),
    };
    const epochs = recordsOf(onlyHandshake(gaps)).map(({ epoch, protection }) => [epoch, protection]);
    expect(epochs.at(-1)).toEqual([5, 'decrypted']);
    expect(epochs.filter(([, protection]) => protection === 'undecryptable')).toEqual([]);
  });

  it('a secret of the log opens an epoch as well as one that was derived', () => {
    const trace = recordedTrace('psk_chacha20', 'with keys');
    const { traffic } = readRecording('psk_chacha20', nodeProvider);
    const later = traffic.get('client 4');
    const events = trace.events.map(
      (event): TraceEvent =>
        event.kind === 'secret' && event.label === 'CLIENT_TRAFFIC_SECRET_0' && later
          ? { ...event, label: 'CLIENT_TRAFFIC_SECRET_1', secret: later }
          : event,
    );
    const handshake = onlyHandshake({ ...trace, events });
    expect(handshake.alerts).toMatchObject([{ from: 'client', readable: true }]);
    expect(handshake.missingSecrets).toEqual(['CLIENT_TRAFFIC_SECRET_0']);
  });

  it('a header may be short, without length, and with a connection ID', () => {
    const cid = Uint8Array.of(1, 2, 3, 4, 5);
    for (const keys of ['with keys', 'without keys'] as const) {
      const script = new Script13('psk_chacha20', {
        server: { numberLength: 1, withLength: false },
        client: { cid, numberLength: 1 },
      });
      script.hellos(0);
      for (const part of script.flight('server')) script.send(20, 'server', [part]);
      script.send(30, 'client', script.flight('client'));
      script.send(40, 'server', [data(20)]);
      const [finished] = onlyHandshake(script.trace(keys)).datagrams.filter(({ at }) => at === 30);
      // Nobody agreed on a connection ID in the hellos, so there is none for them.
      expect(finished).toMatchObject({ records: [], leftover: { reason: 'unexpected-cid' } });
      const epochs = recordsOf(onlyHandshake(script.trace(keys))).map(({ epoch, sequenceNumber }) => [
        epoch,
        sequenceNumber,
      ]);
      const numbers = keys === 'with keys' ? [0, 1, 0] : [-1, -1, -1];
      expect(epochs.slice(-3)).toEqual([
        [2, numbers[0]],
        [2, numbers[1]],
        [3, numbers[2]],
      ]);
    }
  });

  it('the length of a connection ID is found by trying where the ServerHello was not seen', () => {
    const cid = Uint8Array.of(9, 8, 7, 6, 5, 4, 3);
    const script = new Script13('dtls13_nss_mutual_pq', { client: { cid } });
    script.hellos(0);
    script.send(21, 'server', script.flight('server'));
    script.send(30, 'client', script.flight('client'));
    const seen = script.trace('with keys');
    const known = onlyHandshake(seen).datagrams.at(-1);
    expect(known?.leftover?.reason).toBe('unexpected-cid');
    const unseen: Trace = {
      ...seen,
      events: seen.events.filter((event) => event.kind !== 'datagram' || event.at !== 10),
    };
    const handshake = onlyHandshake(unseen);
    // Nor does anybody know the suite: the one that opens the records is it.
    expect(handshake.parameters).toMatchObject({ version: '1.3', cipherSuite: 0x1301, group: undefined });
    expect(flightsOf(handshake).slice(1)).toEqual([
      'server: encrypted_extensions certificate_request certificate certificate_verify finished',
      'client: certificate certificate_verify finished',
    ]);
    expect(handshake.datagrams.at(-1)?.records.map(({ protection, cidLength }) => [protection, cidLength])).toEqual(
      [1, 2, 3].map(() => ['decrypted', 7]),
    );
    const closed = onlyHandshake({ ...unseen, events: unseen.events.filter(({ kind }) => kind !== 'secret') });
    expect(closed.datagrams.at(-1)?.records).toMatchObject([{ protection: 'encrypted', cidLength: undefined }]);
  });

  it('keys that come late, or one by one, give the same as keys from the start', () => {
    for (const name of recordings) {
      const trace = recordedTrace(name, 'with keys');
      const secrets = trace.events.filter(({ kind }) => kind === 'secret');
      const sent = trace.events.filter(({ kind }) => kind !== 'secret');
      const whole = onlyHandshake(trace);
      const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
      for (const event of sent) analysis.push(event);
      for (const secret of secrets) {
        analysis.push(secret);
        analysis.snapshot();
      }
      expect(analysis.snapshot().handshakes).toEqual([whole]);
      const spread = new Analysis({ crypto: nodeProvider, header: trace.header });
      for (const [i, event] of sent.entries()) {
        const secret = secrets[i];
        if (secret) spread.push(secret);
        spread.push(event);
        spread.snapshot();
      }
      expect(spread.snapshot().handshakes).toEqual([whole]);
    }
  });

  it('those that are missing are named', () => {
    const script = new Script13();
    script.hellos(0);
    script.send(21, 'server', script.flight('server'));
    script.send(30, 'client', script.flight('client'));
    script.send(40, 'server', [data(20)]);
    const handshake = onlyHandshake(script.trace('with keys', (label) => label.startsWith('SERVER')));
    expect(handshake.missingSecrets).toEqual(['CLIENT_HANDSHAKE_TRAFFIC_SECRET']);
    expect(flightsOf(handshake).slice(1)).toEqual([
      'server: server_hello encrypted_extensions certificate_request certificate certificate_verify finished',
      'client: encrypted',
    ]);
    expect(handshake.inferred).toEqual(['flights', 'lastMessage', 'outcome']);
  });

  it('those of another connection open nothing, and that is said', () => {
    const trace = recordedTrace('dtls13_nss_mutual_pq', 'with keys');
    const events = trace.events.map(
      (event): TraceEvent =>
        event.kind === 'secret' ? { ...event, secret: event.secret.map((byte) => byte ^ 1) } : event,
    );
    expect(onlyHandshake({ ...trace, events })).toMatchObject({ keys: 'wrong', establishedAt: expect.anything() });
  });
});

describe('without keys', () => {
  it.each(recordings)('%s is established, by epochs, sizes and order, and says so', (name) => {
    const handshake = read(name, 'without keys');
    expect(diagnose(handshake).outcome).toBe('established');
    expect(handshake.establishedAt).toBe(read(name).establishedAt);
    expect(handshake.inferred).toEqual(['flights', 'lastMessage', 'outcome', 'alerts']);
    expect([handshake.lastMessage?.name, handshake.finished.client?.read]).toEqual(['finished', false]);
    expect(new Set(handshake.missingSecrets)).toEqual(
      new Set([
        'SERVER_HANDSHAKE_TRAFFIC_SECRET',
        'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
        'SERVER_TRAFFIC_SECRET_0',
        'CLIENT_TRAFFIC_SECRET_0',
      ]),
    );
  });

  it('the epochs of records are those that keys show', () => {
    for (const name of recordings) {
      const epochs = (keys: 'with keys' | 'without keys'): number[] =>
        recordsOf(read(name, keys)).map(({ epoch }) => epoch);
      expect(epochs('without keys')).toEqual(epochs('with keys'));
    }
  });

  it('ACKs, alerts and KeyUpdates are told by their sizes', () => {
    for (const name of recordings) {
      const types = { ack: 26, alert: 21, key_update: 22 } as const;
      const opened = recordsOf(read(name));
      const closed = recordsOf(read(name, 'without keys'));
      for (const [i, { likely, epoch }] of closed.entries()) {
        if (likely === undefined || likely === 'handshake' || epoch < 3) continue;
        expect(opened[i]?.contentType).toBe(types[likely as keyof typeof types]);
      }
      expect(closed.filter(({ likely }) => likely === 'ack')).toHaveLength(opened.filter(({ ack }) => ack).length);
    }
  });

  it('a flight ends where the next begins, and repetitions are told by sizes after a pause', () => {
    const { flights, retransmissions, inferred } = onlyHandshake(neverAcknowledged('without keys')());
    expect(
      flights.map(({ from, messages, resentAt, complete, inferred: guessed }) => [
        from,
        messages.join(' '),
        resentAt,
        complete,
        guessed,
      ]),
    ).toEqual([
      ['client', 'client_hello', [], true, false],
      ['server', 'server_hello encrypted', [], true, true],
      ['client', 'encrypted', [1030, 3030, 7030], true, true],
    ]);
    expect(retransmissions).toEqual({ client: 3, server: 0 });
    expect(inferred).toContain('retransmissions');
  });

  it('equal fragments in a row are no repetition', () => {
    const script = new Script13();
    script.hellos(0);
    for (const [i, part] of script.flight('server', 100).entries()) script.send(20 + 2 * i, 'server', [part]);
    expect(onlyHandshake(script.trace('without keys')).flights[1]?.resentAt).toEqual([]);
  });

  it('copies that the network makes are no repetition', () => {
    const script = new Script13();
    script.hellos(0);
    script.send(20, 'server', script.flight('server'));
    script.send(30, 'client', script.flight('client'));
    const { header, events } = script.trace('without keys');
    let packet = 0;
    const twice = events.flatMap((event): TraceEvent[] =>
      event.kind === 'datagram' ? [0, 1].map((n) => ({ ...event, at: event.at + n, packet: ++packet })) : [event],
    );
    for (const { resentAt } of onlyHandshake({ header, events: twice }).flights) expect(resentAt).toEqual([]);
  });

  it('nothing is called established that the server has not shown to be', () => {
    const script = new Script13();
    script.hellos(0);
    // A server may send before it has heard of the client's last flight (RFC 8446 §4.6.1).
    script.send(20, 'server', [...script.flight('server'), data(20)]);
    const silent = onlyHandshake(script.trace('without keys'));
    expect([silent.establishedAt, silent.finished.client]).toEqual([undefined, undefined]);
    script.send(30, 'client', script.flight('client'));
    script.send(31, 'client', [data(20)]);
    expect(onlyHandshake(script.trace('without keys')).establishedAt).toBeUndefined();
    script.send(60, 'server', [alert(2, 42)]);
    const refused = onlyHandshake(script.trace('without keys'));
    expect(refused.establishedAt).toBeUndefined();
    expect(refused.alerts).toMatchObject([{ from: 'server', readable: false }]);
  });

  it('a verdict says that a key log would tell more, and what the last record looks like', () => {
    const script = new Script13();
    script.hellos(0);
    script.send(21, 'server', script.flight('server'));
    script.send(30, 'client', [alert(2, 42, 2)]);
    script.send(30 + 2 * silenceMs, 'server', script.flight('server'));
    const { outcome, verdict } = diagnose(onlyHandshake(script.trace('without keys')));
    expect(outcome).toBe('stalled');
    expect(verdict).toMatch(
      /the client ended with a record of the size of an alert: give a key log to read what is behind the ServerHello\.$/,
    );
  });
});

describe('much data', () => {
  const long = (keys: 'with keys' | 'without keys', many: number): Handshake => {
    const script = new Script13('psk_chacha20');
    script.hellos(0);
    script.send(20, 'server', script.flight('server'));
    const numbers = script.send(30, 'client', script.flight('client'));
    script.send(40, 'server', [ackOf(numbers)]);
    for (let i = 0; i < many; i++) script.send(50 + i, i % 2 ? 'client' : 'server', [data(100)]);
    script.send(100 + many, 'client', [alert(1, 0)]);
    return onlyHandshake(script.trace(keys));
  };

  it.each(['with keys', 'without keys'] as const)('is counted, and only its beginning kept, %s', (keys) => {
    const { datagrams, traffic, alerts } = long(keys, 600);
    expect(traffic.client).toMatchObject({ datagrams: 303, applicationData: 300, lastApplicationDataAt: 649 });
    expect(traffic.server).toMatchObject({ datagrams: 303, applicationData: 300 });
    expect(datagrams.length).toBeLessThan(140);
    // What is no data is kept however late it comes.
    expect(alerts).toHaveLength(1);
  });
});

describe('damage', () => {
  it('that cuts the last ciphertext of a datagram is called so', () => {
    const script = new Script13();
    script.hellos(0);
    script.send(21, 'server', script.flight('server'));
    const { header, events } = script.trace('with keys');
    const cut = events.map(
      (event): TraceEvent =>
        event.kind === 'datagram' && event.at === 21
          ? { ...event, bytes: event.bytes.subarray(0, 800), length: 800 }
          : event,
    );
    const handshake = onlyHandshake({
      header,
      events: [
        ...cut,
        ...[1, 2].flatMap((n) =>
          cut.slice(-1).map((event) => ({ ...event, at: 1000 * n, packet: 50 + n }) as TraceEvent),
        ),
      ],
    });
    expect(handshake.datagrams.at(-1)?.leftover).toMatchObject({ reason: 'truncated', declared: 903 });
    expect(diagnose(handshake).outcome).toBe('truncated');
  });

  it('of one record leaves the others of its datagram open', () => {
    const trace = recordedTrace('dtls13_nss_mutual_pq', 'with keys');
    const events = trace.events.map((event): TraceEvent => {
      if (event.kind !== 'datagram' || event.packet !== 4) return event;
      const bytes = Uint8Array.from(event.bytes);
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      return { ...event, bytes };
    });
    const { datagrams, keys } = onlyHandshake({ ...trace, events });
    expect(datagrams[3]?.records.map(({ protection }) => protection)).toEqual([
      'decrypted',
      'undecryptable',
      'decrypted',
      'decrypted',
    ]);
    expect(keys).toBe('decrypts');
    expect(datagrams[3]?.records[2]?.fragments.map(fragmentText)).toEqual(['certificate_verify']);
  });
});
