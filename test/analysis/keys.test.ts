/** Keys that open only a part, or nothing: which is which is said. */
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { factLines } from '../../src/report/facts.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { loadCapture } from '../support/fixtures.ts';
import { onlyHandshake, snapshotOf } from '../support/reading.ts';

const { header, events, secrets } = loadCapture('dtls13_nss_mutual_pq');
const rest = events.filter(({ kind }) => kind !== 'secret');
const all = [...secrets, ...events.filter(({ kind }) => kind === 'secret')];
const labelled = (wanted: RegExp): readonly TraceEvent[] =>
  all.filter((event) => event.kind === 'secret' && wanted.test(event.label));
const read = (keys: readonly TraceEvent[]): Handshake => onlyHandshake({ header, events: [...keys, ...rest] });
const keysLine = (handshake: Handshake): string =>
  factLines(handshake).find(([name]) => name === 'keys')?.[1] ?? 'nothing said';

describe('keys', () => {
  it('of all secrets open all, and nothing more is asked for', () => {
    const handshake = read(all);
    expect(handshake.opened.client.closed + handshake.opened.server.closed).toBe(0);
    expect(keysLine(handshake)).toBe('known, records decrypted');
  });

  it('of the client’s direction alone open its records, and the others are counted and named', () => {
    const handshake = read(labelled(/^CLIENT_/));
    const { client, server } = handshake.opened;
    expect([client.closed, server.opened]).toEqual([0, 0]);
    expect(client.opened * server.closed).toBeGreaterThan(0);
    expect(keysLine(handshake)).toMatch(
      new RegExp(
        `open all of the client's, and none of the server's ${server.closed} protected records; give .*SERVER_`,
      ),
    );
  });

  it('of the handshake without those of the data open a part, and the labels that lack are named', () => {
    const handshake = read(labelled(/HANDSHAKE/));
    const { client } = handshake.opened;
    expect(client.opened).toBeGreaterThan(0);
    expect(client.closed).toBeGreaterThan(0);
    expect(keysLine(handshake)).toContain(`${client.opened} of the client's ${client.opened + client.closed}`);
    expect(keysLine(handshake)).toContain('CLIENT_TRAFFIC_SECRET_0');
  });

  it('of another connection open nothing here, and are known to be of another one', () => {
    const others = loadCapture('loss-small').secrets;
    const snapshot = snapshotOf({ header, events: [...others, ...rest] });
    expect(snapshot.secrets).toEqual({ handshakes: 1, here: 0 });
    expect(snapshot.handshakes[0]?.keys).toBe('none');
    expect(snapshotOf({ header, events: [...others, ...all, ...rest] }).secrets).toEqual({ handshakes: 2, here: 1 });
  });
});
