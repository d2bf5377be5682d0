import { describe, expect, it } from 'vitest';
import { ladder } from '../../panel/layout/ladder.ts';
import { inferredText, leftOutText } from '../../panel/layout/notes.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import { keptApplicationData } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { DatagramEvent } from '../../src/trace/model.ts';
import { recoveredLoss } from '../support/handshakes.ts';
import { captureTrace, onlyHandshake } from '../support/reading.ts';

/** A datagram of one record of application data under keys. */
const data = (packet: number, from: 'client' | 'server'): DatagramEvent => {
  const bytes = new Uint8Array(13 + 32);
  bytes.set([23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, packet >> 8, packet & 0xff, 0, 32]);
  const [src, dst] = from === 'client' ? ['a:1', 'b:2'] : ['b:2', 'a:1'];
  return { kind: 'datagram', packet, at: packet, src, dst, from, length: bytes.length, bytes, contents: undefined };
};

describe('what is guessed in a picture', () => {
  it('names flights that are in part encrypted, which is not to say that they were not seen', () => {
    expect(inferredText(onlyHandshake(captureTrace('good_mutual_srtp', 'without keys')))).toBe(
      'inferred: flights, last message, outcome; 2 flights in part encrypted, and known by place (5, 6)',
    );
    expect(inferredText(onlyHandshake(captureTrace('good_mutual_srtp', 'with keys')))).toBeUndefined();
  });
});

describe('what a picture leaves out', () => {
  it('is said: data that the reader counted and did not keep, by side', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let packet = 1; packet <= 100; packet++) analysis.push(data(packet, 'client'));
    for (let packet = 101; packet <= 110; packet++) analysis.push(data(packet, 'server'));
    const [handshake] = analysis.snapshot().handshakes;
    if (!handshake) throw new Error('no handshake');
    const drawn = ladder(handshake, { width: 900, axis: 'compressed' });
    expect(drawn.packets).toHaveLength(keptApplicationData + 10);
    expect(drawn.leftOut).toBe(
      'Application data: the first 64 datagrams of each side are shown, 36 more from the client only counted',
    );
  });

  it('is nothing to speak of where all datagrams are there', () => {
    expect(leftOutText(recoveredLoss())).toBeUndefined();
  });
});
