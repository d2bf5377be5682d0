import type { CheckRow, CheckTable } from '../../src/report/check/table.ts';

export type CheckVerdict = readonly [CheckRow['demand'], CheckRow['status']];

/** A row for each verdict, by turns of two sections. */
export const checkRows = (...verdicts: readonly CheckVerdict[]): readonly CheckRow[] =>
  verdicts.map(([demand, status], index) => ({
    ...{ id: `check-${index}`, group: 'sizes', section: index % 2 === 0 ? 'Sizes' : 'Cookies', title: 'it is polite' },
    ...{ demand, status, see: 'RFC 6347 §4', how: 'it is asked', says: 'so', numbers: {}, findings: [], shown: [] },
  }));

export const checkTable = (results: readonly CheckRow[], ended: CheckTable['ended'] = 'done'): CheckTable => ({
  ...{ target: '192.0.2.7:4433', ended, reached: 'DTLS 1.2, with a small hello', results },
  spent: { handshakes: 3, datagrams: 20, bytes: 2000, seconds: 1 },
});
