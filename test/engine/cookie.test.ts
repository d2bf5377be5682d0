import { describe, expect, it } from 'vitest';
import { instant } from '../../src/base/time.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, faithful, type LinkRule, Pair } from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';

const ecdsa = await credential('ecdsa-p256');
const server = { credentials: [ecdsa], cookie: true };

/** The first handshake fragment of a datagram, with its record. */
function firstOf(bytes: Uint8Array) {
  const [record] = rawRecords(bytes);
  const [fragment] = rawFragments(record?.body ?? new Uint8Array());
  if (!record || !fragment) throw new Error('no handshake record');
  return { record, fragment };
}
/** A HelloVerifyRequest by hand. */
const verifyRequest = (cookie: readonly number[], seq: number, number: number): Uint8Array =>
  rawRecord({
    version: 0xfeff,
    number,
    body: rawFragment({ type: 3, seq, body: [0xfe, 0xff, cookie.length, ...cookie] }),
  });

describe('a server that asks for a cookie', () => {
  it('[47, 49] answers under the numbers of the hello, as DTLS 1.0, and the ServerHello goes on from there', () => {
    // The first hello is lost twice, so the one that arrives has record number 2.
    const pair = new Pair({ server, link: dropping(0, 1) }).run();
    expect(pair.agreed).toBe(true);
    const [hello] = pair.client.sent.filter(({ contents }) => contents.flight === 1).slice(-1);
    const [request, serverHello] = pair.server.sent.slice(0, 2).map(({ bytes }) => firstOf(bytes));
    expect(firstOf(hello?.bytes ?? new Uint8Array()).record.number).toBe(2);
    expect(request?.record).toMatchObject({ version: 0xfeff, number: 2 });
    expect(request?.fragment).toMatchObject({ type: 3, seq: 0 });
    expect([...(request?.fragment.body.subarray(0, 3) ?? [])]).toEqual([0xfe, 0xff, 32]);
    const second = firstOf(pair.client.sent.find(({ contents }) => contents.flight === 3)?.bytes ?? new Uint8Array());
    expect(second.fragment.seq).toBe(1);
    expect(serverHello?.record.number).toBe(second.record.number);
    expect(serverHello?.fragment).toMatchObject({ type: 2, seq: 1 });
  });

  it('[48] keeps nothing for whoever has not shown one', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    const hello = pair.client.sent[0]?.bytes ?? new Uint8Array();
    for (let i = 0; i < 1000; i++) pair.input(pair.server, { kind: 'datagram', bytes: hello, from: `host-${i}` });
    expect(pair.server.sent).toHaveLength(1000);
    expect(pair.server.endpoint.held).toBe(0);
    expect(pair.server.endpoint.state).toBe('awaitClientHello');
    // No more bytes go out than come in.
    expect(pair.server.largest).toBeLessThan(hello.length);
  });

  it('[48] gives the same hello from the same address the same cookie, and any other another', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    const hello = pair.client.sent[0]?.bytes ?? new Uint8Array();
    const other = Uint8Array.from(hello);
    other[13 + 12 + 2] = (other[13 + 12 + 2] ?? 0) ^ 1;
    for (const [bytes, from] of [
      [hello, 'a'],
      [hello, 'a'],
      [hello, 'b'],
      [other, 'a'],
    ] as const)
      pair.input(pair.server, { kind: 'datagram', bytes, from });
    const cookies = pair.server.sent.map(({ bytes }) => Buffer.from(firstOf(bytes).fragment.body).toString('hex'));
    expect(cookies[1]).toBe(cookies[0]);
    expect(new Set(cookies).size).toBe(3);
  });

  it('[48] takes its cookie back with another session_id, as Mbed TLS 2.28 makes one for each hello with a ticket', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    const bytes = pair.client.sent[0]?.bytes ?? new Uint8Array();
    pair.input(pair.server, { kind: 'datagram', bytes, from: 'client' });
    const cookie = firstOf(pair.server.sent[0]?.bytes ?? new Uint8Array()).fragment.body.subarray(2);
    const hello = firstOf(bytes).fragment.body;
    // Behind version and random: no session_id, and no cookie.
    expect([...hello.subarray(34, 36)]).toEqual([0, 0]);
    const body = [...hello.subarray(0, 34), 4, 1, 2, 3, 4, ...cookie, ...hello.subarray(36)];
    const again = rawRecord({ number: 1, body: rawFragment({ type: 1, seq: 1, body }) });
    pair.input(pair.server, { kind: 'datagram', bytes: again, from: 'client' });
    expect(pair.server.drops).toEqual([]);
    expect(pair.server.endpoint.state).not.toBe('awaitClientHello');
  });

  it('[48] takes a wrong cookie for none', () => {
    const forge: LinkRule = (sent) => {
      if (sent.from === 'server' && sent.nth === 0) return [{ bytes: verifyRequest([1, 2, 3], 0, 0) }];
      return faithful(sent);
    };
    const pair = new Pair({ server, link: forge }).run();
    expect(pair.server.drops).toContain('bad-cookie');
    expect(pair.agreed, pair.describe()).toBe(true);
  });

  it('[48] does not take a cookie from another address', () => {
    const pair = new Pair({ server }).run();
    const second = pair.client.sent.find(({ contents }) => contents.flight === 3)?.bytes ?? new Uint8Array();
    const fresh = new Pair({ server });
    fresh.input(fresh.server, { kind: 'start' });
    fresh.input(fresh.server, { kind: 'datagram', bytes: second, from: 'elsewhere' });
    expect(fresh.server.drops).toEqual(['bad-cookie']);
    expect(fresh.server.endpoint.state).toBe('awaitClientHello');
  });

  it('puts fragmented hellos together, and says that it keeps them', () => {
    const pair = new Pair({ client: { mtu: 100 }, server }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(pair.server.of('unverified-hello').length).toBeGreaterThan(0);
    expect(pair.server.of('unverified-hello')[0]).toMatchObject({ from: 'client' });
  });

  it('listens to nobody else once a client is proved', () => {
    const pair = new Pair({ server }).run();
    pair.input(pair.server, { kind: 'datagram', bytes: pair.client.sent[0]?.bytes ?? new Uint8Array(), from: 'other' });
    expect(pair.server.drops.at(-1)).toBe('other-peer');
    expect(pair.agreed).toBe(true);
  });

  it('ignores hellos that do not parse, from whoever it may be', () => {
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    const garbage = rawRecord({ body: rawFragment({ type: 1, seq: 0, body: [1, 2, 3] }) });
    pair.input(pair.server, { kind: 'datagram', bytes: garbage, from: 'a' });
    expect(pair.server.drops).toEqual(['malformed']);
    expect(pair.server.endpoint.state).toBe('awaitClientHello');
  });
});

describe('a client that is asked for a cookie', () => {
  it('[46] repeats its hello with the cookie and nothing else changed', () => {
    const pair = new Pair({ server }).run();
    const [first, second] = pair.client.sent.map(({ bytes }) => firstOf(bytes).fragment.body);
    if (!first || !second) throw new Error('two hellos');
    expect(second.length).toBe(first.length + 32);
    expect([...second.subarray(0, 35)]).toEqual([...first.subarray(0, 35)]);
    expect(second[35]).toBe(32);
    expect([...second.subarray(36 + 32)]).toEqual([...first.subarray(36)]);
  });

  it('[46, 47] follows a new cookie, and takes the ServerHello of a server that counts anew', () => {
    // Somebody else's request comes first: the server rejects that cookie and sends its own, again as message 0.
    let asked = 0;
    const pair = new Pair({ server });
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    for (const cookie of [[1], [2]]) {
      pair.input(pair.client, { kind: 'datagram', bytes: verifyRequest(cookie, 0, asked++), from: 'server' });
    }
    pair.settle();
    expect(pair.agreed, pair.describe()).toBe(true);
    const cookies = pair.client.sent.filter((sent) => carries(sent, HandshakeType.clientHello)).length;
    expect(cookies).toBeGreaterThanOrEqual(4);
  });

  it('does not answer the same request twice', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'start' });
    for (const number of [0, 1, 2])
      pair.input(pair.client, { kind: 'datagram', bytes: verifyRequest([9], 0, number), from: 'server' });
    expect(pair.client.sent).toHaveLength(2);
    expect(pair.client.drops).toEqual(['repeated-message', 'repeated-message']);
  });

  it('does not follow cookies for ever', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'start' });
    for (let i = 0; i < 100; i++)
      pair.input(pair.client, { kind: 'datagram', bytes: verifyRequest([i], 0, i), from: 'server' });
    expect(pair.client.sent).toHaveLength(9);
  });

  it('[47] does not care for the version in the request', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'start' });
    const request = rawRecord({ version: 0xfefd, body: rawFragment({ type: 3, seq: 0, body: [0xfe, 0xfd, 1, 7] }) });
    pair.client.endpoint.handle({ kind: 'datagram', bytes: request, from: 'server' }, instant(5));
    expect(pair.client.endpoint.poll().kind).toBe('event');
    expect(pair.client.endpoint.state).toBe('awaitServerHello');
  });

  it('takes an empty cookie for a repeat of nothing', () => {
    const pair = new Pair({ server });
    pair.input(pair.client, { kind: 'start' });
    pair.input(pair.client, { kind: 'datagram', bytes: verifyRequest([], 0, 0), from: 'server' });
    expect(pair.client.sent).toHaveLength(1);
  });
});
