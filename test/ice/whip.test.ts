import { describe, expect, it } from 'vitest';
import {
  beginSession,
  endSession,
  type HttpResponse,
  iceServersOf,
  readAck,
  readSession,
  trickleCandidates,
} from '../../src/ice/whip.ts';
import { chromiumOffer, gatewayAnswer } from './descriptions.ts';

const response = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
  url = 'https://media.example/whip/1',
): HttpResponse => ({ status, url, header: (name) => headers[name.toLowerCase()], body });
const sdp = { 'content-type': 'application/sdp' };

describe('a session', () => {
  it('is asked for by POST, with the token where there is one', () => {
    expect(beginSession('https://media.example/whip/1', chromiumOffer, 't0k')).toEqual({
      method: 'POST',
      url: 'https://media.example/whip/1',
      headers: { 'content-type': 'application/sdp', accept: 'application/sdp', authorization: 'Bearer t0k' },
      body: chromiumOffer,
    });
    expect(beginSession('https://a.example/', 'x', undefined).headers).not.toHaveProperty('authorization');
  });

  it('begins with 201: the answer, where it is, its ETag and ICE servers', () => {
    const headers = {
      ...sdp,
      location: '/session/42?x=1',
      etag: '"abc"',
      link: '<stun:stun.example>; rel="ice-server"',
    };
    expect(readSession('whip', response(201, headers, gatewayAnswer))).toEqual({
      ok: true,
      answer: gatewayAnswer,
      session: 'https://media.example/session/42?x=1',
      etag: '"abc"',
      iceServers: [{ scheme: 'stun', host: 'stun.example', port: 3478, username: undefined, credential: undefined }],
      notes: [],
    });
  });

  it('is believed with small faults, which are named', () => {
    expect(readSession('whip', response(200, {}, gatewayAnswer))).toMatchObject({
      ok: true,
      session: undefined,
      notes: [
        'it answered 200 where WHIP (RFC 9725) wants 201',
        'its answer is not called application/sdp',
        'it named no session (Location), so candidates can not follow and nothing ends it',
      ],
    });
  });

  it('on another server is not gone to', () => {
    const elsewhere = readSession('whep', response(201, { ...sdp, location: 'https://evil.example/s' }, gatewayAnswer));
    expect(elsewhere).toMatchObject({ ok: true, session: undefined });
    expect(elsewhere.ok ? elsewhere.notes : []).toEqual([
      'its session is on another server (evil.example), where nothing was allowed to be sent',
    ]);
    const odd = readSession('whip', response(201, { ...sdp, location: 'javascript:alert(1)' }, gatewayAnswer));
    expect(odd).toMatchObject({ ok: true, session: undefined, notes: ['its Location is no URL'] });
  });

  it('is none when what comes is no description', () => {
    const page = readSession('whip', response(201, { 'content-type': 'text/html' }, '<html>'));
    expect(page).toMatchObject({
      ok: false,
      why: 'it answered 201 with text/html, and that is no session description',
    });
  });

  it('is ended by DELETE', () => {
    expect(endSession('https://media.example/session/42', 't0k')).toEqual({
      method: 'DELETE',
      url: 'https://media.example/session/42',
      headers: { authorization: 'Bearer t0k' },
      body: undefined,
    });
  });
});

describe('what a server refuses', () => {
  it.each([
    [400, 'malformed'],
    [401, 'wants a bearer token'],
    [403, 'forbids that to this token'],
    [404, 'no such endpoint'],
    [405, 'takes no POST'],
    [406, 'accepts no offer like ours'],
    [409, 'conflict'],
    [413, 'too long'],
    [415, 'takes no application/sdp'],
    [422, 'will not have it'],
    [429, 'no room'],
    [503, 'no room'],
    [308, 'sends us elsewhere'],
    [500, 'it answered 500'],
    [418, 'it answered 418'],
  ])('%i is said in words', (status, text) => {
    const read = readSession('whip', response(status));
    expect(read.ok ? '' : read.why).toContain(text);
    expect(read.ok ? '' : read.why).toContain(String(status));
    expect(read.ok ? '' : read.fix).not.toBe('');
  });

  it('comes with its own words, short and on one line', () => {
    const problem = response(
      409,
      { 'content-type': 'application/problem+json' },
      '{"title":"Busy","detail":"stream is\\nlive"}',
    );
    expect(readSession('whip', problem)).toMatchObject({ why: 'there is a conflict (409): “Busy”' });
    const text = response(403, { 'content-type': 'text/plain' }, `no\u001b[31m${'!'.repeat(500)}`);
    const read = readSession('whip', text);
    expect(read.ok ? '' : read.why).toMatch(/^it forbids that to this token \(403\): “no \[31m!+…”$/);
    expect(read.ok ? '' : read.why.length).toBeLessThan(220);
    const html = response(500, { 'content-type': 'text/html' }, '<h1>Oops</h1>');
    expect(readSession('whip', html)).toMatchObject({ why: 'it answered 500' });
    const broken = response(400, { 'content-type': 'application/json' }, '{');
    expect(readSession('whip', broken)).toMatchObject({ why: 'it found the offer malformed (400)' });
  });

  it('may tell when to come back', () => {
    expect(readSession('whip', response(503, { 'retry-after': '120' }))).toMatchObject({
      fix: 'Try again after 120 (Retry-After).',
    });
  });
});

describe('candidates that follow', () => {
  const fragment = {
    ufrag: 'EsAw',
    pwd: 'P2uYro0UCOQ4zxjKXaWCBui1',
    mids: ['0', '1'],
    candidates: ['candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw'],
    end: true,
  };

  it('are a fragment of SDP in a PATCH, for the ICE session that the ETag names', () => {
    expect(trickleCandidates('https://media.example/session/42', fragment, '"abc"', 't0k')).toEqual({
      method: 'PATCH',
      url: 'https://media.example/session/42',
      headers: {
        'content-type': 'application/trickle-ice-sdpfrag',
        'if-match': '"abc"',
        authorization: 'Bearer t0k',
      },
      body: [
        'a=group:BUNDLE 0 1',
        'a=ice-ufrag:EsAw',
        'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
        'm=audio 9 RTP/AVP 0',
        'a=mid:0',
        'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw',
        'a=end-of-candidates',
        '',
      ].join('\r\n'),
    });
    expect(trickleCandidates('https://a.example/', fragment, undefined, undefined).headers).toEqual({
      'content-type': 'application/trickle-ice-sdpfrag',
    });
  });

  it('are taken, or not, in words', () => {
    expect(readAck('PATCH', response(204))).toBeUndefined();
    expect(readAck('PATCH', response(405))).toContain('takes no candidates after the offer');
    expect(readAck('PATCH', response(412))).toContain('our ICE session is another');
    expect(readAck('DELETE', response(200))).toBeUndefined();
    expect(readAck('DELETE', response(404))).toContain('gone already');
    expect(readAck('DELETE', response(500))).toBe('it answered 500');
  });
});

describe('ICE servers in a Link header', () => {
  it('are read with their credentials, as RFC 9725 shows them', () => {
    const header = [
      '<stun:stun.example.net>; rel="ice-server"',
      '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="my, \\"pass\\"; word"; credential-type="password"',
      '<turn:turn.example.net?transport=tcp>; rel="ice-server"; username="user"; credential="x"',
      '<turns:turn.example.net:443?transport=tcp>; rel="ice-server"',
      '</style.css>; rel=preload',
      '<turn:[2001:db8::1]:5349>; Rel=ice-server; username=u; credential=p',
    ].join(', ');
    expect(iceServersOf(header)).toEqual([
      { scheme: 'stun', host: 'stun.example.net', port: 3478, username: undefined, credential: undefined },
      { scheme: 'turn', host: 'turn.example.net', port: 3478, username: 'user', credential: 'my, "pass"; word' },
      { scheme: 'turn', host: '2001:db8::1', port: 5349, username: 'u', credential: 'p' },
    ]);
  });

  it('are bounded, whatever stands there', () => {
    expect(iceServersOf('<stun:a>; rel=ice-server,'.repeat(5000))).toHaveLength(8);
    for (const header of [
      '',
      '<',
      '<>',
      '<stun:a',
      `<stun:a>${';a="'.repeat(4000)}`,
      `${'<'.repeat(16_000)}`,
      '<stun:a:99999>; rel=ice-server',
    ])
      expect(iceServersOf(header)).toEqual([]);
  });
});
