import { describe, expect, it } from 'vitest';
import { classify, type PayloadClass } from '../../src/wire/demux.ts';
import { datagramsOf } from '../support/messages.ts';

describe('the first byte of a payload', () => {
  it('[1] decides as the figure of RFC 7983 §7 has it, for all 256', () => {
    const expected = (first: number): PayloadClass => {
      // [0..3] STUN, [16..19] ZRTP, [20..63] DTLS, [64..79] TURN channel, [128..191] RTP/RTCP
      const rows: readonly (readonly [number, number, PayloadClass])[] = [
        [0, 3, 'stun'],
        [16, 19, 'zrtp'],
        [20, 63, 'dtls'],
        [64, 79, 'turn-channel'],
        [128, 191, 'rtp'],
      ];
      return rows.find(([low, high]) => first >= low && first <= high)?.[2] ?? 'unknown';
    };
    for (let first = 0; first < 256; first++) {
      expect([first, classify(Uint8Array.of(first))]).toEqual([first, expected(first)]);
      expect(classify(Uint8Array.of(first, 0xff, 0xff))).toBe(expected(first));
    }
  });

  it('decides nothing when there is none', () => {
    expect(classify(new Uint8Array(0))).toBe('unknown');
  });

  it('tells apart what a browser and a gateway sent each other on one port', () => {
    const counts: Partial<Record<PayloadClass, number>> = {};
    for (const bytes of datagramsOf('chromium_janus_srtp')) {
      const kind = classify(bytes);
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(['dtls', 'rtp', 'stun']);
    expect(counts.rtp).toBeGreaterThan(50);
  });
});
