import { describe, expect, it } from 'vitest';
import { keptStunDatagrams, PathLog } from '../../src/run/pathLog.ts';
import { readHangup, textSignalling } from '../../src/run/signalling.ts';
import { TraceRecorder } from '../../src/trace/recorder.ts';
import { header } from './memory.ts';

describe('the STUN of a run', () => {
  it('is kept up to a bound, which is said once, while facts go on', () => {
    const recorder = new TraceRecorder(header);
    const log = new PathLog(recorder);
    const news = { kind: 'datagram', src: '192.0.2.1:1', dst: '192.0.2.2:2', bytes: Uint8Array.of(0, 1) } as const;
    for (let i = 0; i < keptStunDatagrams + 50; i++) log.push(news, i);
    log.push({ kind: 'ice', fact: { kind: 'rtt', base: 'a', remote: 'b', ms: 1 } }, 9999);
    const count = (kind: string): number => recorder.events.filter((event) => event.kind === kind).length;
    expect(count('datagram')).toBe(keptStunDatagrams);
    expect(count('note')).toBe(1);
    expect(recorder.events.at(-1)).toMatchObject({ kind: 'ice', at: 9999 });
    expect(recorder.nextPacket()).toBe(keptStunDatagrams + 1);
  });
});

describe('a hangup that somebody wrote down', () => {
  it('is read with what it says, or without', () => {
    expect(readHangup('{"type":"hangup","by":"Janus","reason":"DTLS alert"}')).toEqual({
      by: 'Janus',
      why: 'DTLS alert',
    });
    expect(readHangup('{"type":"hangup"}')).toEqual({ by: 'the other side', why: 'no reason given' });
    expect(readHangup(JSON.stringify({ type: 'hangup', by: 7, reason: 'x'.repeat(10_000) }))?.why).toHaveLength(500);
  });

  it.each(['', 'v=0\r\n', '{"type":"answer","sdp":"v=0"}', 'null', '[]', '"hangup"'])('is not %j', (text) => {
    expect(readHangup(text)).toBeUndefined();
  });

  it('in place of an answer ends the exchange, with who refused and why', async () => {
    const told: unknown[] = [];
    const signalling = textSignalling({
      offer: undefined,
      show: () => {},
      answer: () => Promise.resolve('{"type":"hangup","by":"Janus","reason":"no such room"}'),
      tell: (news) => told.push(news),
    });
    const ended = new Promise<void>(() => {});
    expect(await signalling.exchange({ type: 'offer', sdp: 'v=0' }, ended)).toEqual({
      ok: false,
      by: 'Janus',
      why: 'no answer but a hangup (no such room)',
    });
    expect(told).toEqual([{ kind: 'signalling', fact: { kind: 'hangup', by: 'Janus', why: 'no such room' } }]);
  });
});
