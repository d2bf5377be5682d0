import { describe, expect, it } from 'vitest';
import { pathLines } from '../../src/report/path.ts';
import type { PathEvent } from '../../src/trace/model.ts';
import type { IceFact, SignallingFact, TurnFact } from '../../src/trace/pathFacts.ts';
import { handshakeOf } from '../support/handshakes.ts';

const ice = (fact: IceFact): PathEvent => ({ kind: 'ice', at: 1, fact });
const turn = (fact: TurnFact): PathEvent => ({ kind: 'turn', at: 1, fact });
const signalling = (fact: SignallingFact): PathEvent => ({ kind: 'signalling', at: 1, fact });
const linesOf = (...path: PathEvent[]) => pathLines(handshakeOf([], { path }));

describe('the way to the peer, in the report', () => {
  it('is nothing where the trace has none', () => {
    expect(linesOf()).toEqual([]);
  });

  it('names the request, our role, the relay and what it costs, and the pair', () => {
    const stun = {
      kind: 'stun',
      direction: 'sent',
      base: 'a',
      peer: 'b',
      class: 'request',
      transaction: '00',
    } as const;
    expect(
      linesOf(
        signalling({
          kind: 'http',
          method: 'POST',
          url: 'https://m.example/whip',
          status: 201,
          ms: 5,
          note: undefined,
        }),
        signalling({ kind: 'roles', result: 'decided', client: 'answer', ours: 'server', note: undefined }),
        turn({
          ...{ kind: 'allocated', server: '192.0.2.9:3478', relayed: '192.0.2.8:5000', mapped: undefined },
          ...{ lifetimeS: 600, software: 'Coturn' },
        }),
        turn({ kind: 'overhead', peer: 'b', direction: 'sent', bytes: 4, form: 'channel' }),
        ice({ ...stun, purpose: 'check', attempt: 0, useCandidate: false, error: undefined, reason: undefined }),
        ice({ kind: 'rtt', base: 'a', remote: 'b', ms: 3.14 }),
        ice({
          kind: 'selected',
          base: '192.0.2.8:5000',
          remote: '198.51.100.1:9',
          beforeBase: undefined,
          beforeRemote: undefined,
        }),
      ),
    ).toEqual([
      ['signalling', 'POST https://m.example/whip: 201'],
      ['role', 'we are the DTLS server (by a=setup)'],
      ['relay', '192.0.2.9:3478 (Coturn) relays at 192.0.2.8:5000, for 600 s'],
      ['relay', 'a channel adds 4 bytes to each datagram'],
      ['ICE', '192.0.2.8:5000 to 198.51.100.1:9 (1 check, round trip 3.1 ms)'],
    ]);
  });

  it('names what is wrong with a description, with its line, and no more than people read', () => {
    const problem = (line: number): PathEvent =>
      signalling({
        kind: 'problem',
        id: 'no-setup',
        severity: 'warning',
        side: 'answer',
        line,
        text: `Fault ${line}.`,
      });
    expect(linesOf(problem(7))).toEqual([['SDP', 'answer line 7: Fault 7.']]);
    const many = linesOf(...Array.from({ length: 30 }, (_, line) => problem(line)));
    expect(many).toHaveLength(13);
    expect(many.at(-1)).toEqual(['SDP', 'and 18 more problems']);
  });

  it('says when the setup attributes settle nothing', () => {
    expect(
      linesOf(signalling({ kind: 'roles', result: 'both-active', client: undefined, ours: 'client', note: undefined })),
    ).toEqual([['role', 'we are the DTLS client (both active, so as our side claims)']]);
  });

  it('says what the peer’s own stack said last, and what went wrong before', () => {
    const unknown = { ice: undefined, version: undefined, cipher: undefined, group: undefined, srtp: undefined };
    const before = { ...unknown, kind: 'stack', connection: 'connecting', dtls: undefined, role: 'unknown' } as const;
    const last = {
      ...before,
      dtls: 'failed',
      version: 'FEFC',
      cipher: 'TLS_AES_128_GCM_SHA256',
      role: 'server',
    } as const;
    expect(
      linesOf(
        signalling({ ...before, error: 'dtls-failure, alert 46 sent' }),
        signalling({ ...last, connection: 'failed', error: undefined }),
      ),
    ).toEqual([
      [
        'peer says',
        'connection failed, DTLS failed (DTLS 1.3, TLS_AES_128_GCM_SHA256, as server); dtls-failure, alert 46 sent',
      ],
    ]);
  });
});
