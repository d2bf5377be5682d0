import { describe, expect, it } from 'vitest';
import { linkText } from '../../panel/layout/text.ts';

describe('what the link did, in the panel', () => {
  const queue = { bytes: 19_000, loadBytes: 18_000, loads: ['load=340kbit/s,streams=2,size=1KB'] };

  it('is told of a queue with how much was before the datagram, and how much of that was others’', () => {
    expect(linkText({ kind: 'queued', ms: 711.1, queue, at: 800 }, 'rate=225kbit/s,queue=20KB')).toBe(
      'waited 711 ms in a queue of 19000 bytes, 18000 of them other traffic',
    );
    expect(linkText({ kind: 'queue-full', queue }, 'rate=225kbit/s,queue=20KB')).toBe(
      'lost: queue full, 19000 bytes, 18000 of them other traffic (rate=225kbit/s,queue=20KB)',
    );
    expect(linkText({ kind: 'queue-full' }, '')).toBe('lost: queue full');
  });

  it('is told of an MTU with whether the sender heard of it', () => {
    expect(linkText({ kind: 'too-large', mtu: 1200, toldAt: 5 }, 'mtu=1200,notice')).toContain(
      'and the sender is told',
    );
    expect(linkText({ kind: 'too-large', mtu: 1200 }, 'mtu=1200')).not.toContain('told');
  });
});
