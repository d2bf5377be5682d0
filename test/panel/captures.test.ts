import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { axisKinds } from '../../panel/layout/axis.ts';
import type { DatagramRow } from '../../panel/layout/datagramRow.ts';
import { datagramDetails } from '../../panel/layout/details.ts';
import { ladder } from '../../panel/layout/ladder.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { openFile } from '../../src/capture/open.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';

const dir = join(import.meta.dirname, '..', 'fixtures', 'captures');
const captures = readdirSync(dir).filter((name) => name.endsWith('.pcapng'));

function handshakesOf(name: string): readonly Handshake[] {
  const opened = openFile(new Uint8Array(readFileSync(join(dir, name))));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can't be read`);
  const analysis = new Analysis({ crypto: nobleProvider, header: opened.trace.header });
  for (const event of opened.trace.events) analysis.push(event);
  return analysis.snapshot().handshakes;
}

describe.each(captures)('the ladder of %s', (name) => {
  const handshakes = handshakesOf(name);

  it.each([320, 900, 1600])('has every datagram once, nothing overlapping, at %i px', (width) => {
    for (const handshake of handshakes)
      for (const axis of axisKinds) {
        const drawn = ladder(handshake, { width, axis });
        expect(drawn.packets).toEqual(handshake.datagrams.map((datagram) => datagram.packet));
        let bottom = 0;
        for (const row of drawn.rows) {
          expect(row.y).toBeGreaterThanOrEqual(bottom);
          bottom = row.y + row.height;
        }
        for (const { chips } of drawn.rows.filter((row): row is DatagramRow => row.kind === 'datagram'))
          for (const chip of chips) {
            expect(chip.x).toBeGreaterThanOrEqual(drawn.lanes.client.x);
            expect(chip.x + chip.width).toBeLessThanOrEqual(drawn.lanes.server.x);
          }
      }
  });

  it('has details for every datagram, with a line for every record', () => {
    for (const handshake of handshakes)
      for (const datagram of handshake.datagrams)
        expect(datagramDetails(handshake, datagram.packet)?.records).toHaveLength(datagram.records.length);
  });
});
