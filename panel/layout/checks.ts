/** The table of a check: how a result looks, what it costs to make, and the table as the reports take it. */
import type { CheckNews } from '../../src/bridge/client.ts';
import type { CheckCost, CheckOutcome } from '../../src/bridge/panel.ts';
import { type Look, lookOf, lookWords } from '../../src/report/check/summary.ts';
import type { CheckTable } from '../../src/report/check/table.ts';
import { type Badge, plural } from './text.ts';

const shapes: Readonly<Record<Look, Pick<Badge, 'tone' | 'shape'>>> = {
  fail: { tone: 'bad', shape: 'cross' },
  habit: { tone: 'warn', shape: 'bar' },
  unclear: { tone: 'warn', shape: 'dots' },
  pass: { tone: 'good', shape: 'check' },
  'not-applicable': { tone: 'quiet', shape: 'ring' },
};

export function checkBadge(row: Pick<CheckOutcome, 'status' | 'demand'>): Badge {
  const look = lookOf(row);
  return { text: lookWords[look], ...shapes[look] };
}

const endings: Readonly<Record<CheckNews['status']['state'], CheckTable['ended']>> = {
  running: 'running',
  done: 'done',
  stopped: 'stopped',
  failed: 'stopped',
  nobody: 'nobody-there',
};

export function checkTable({ status, results }: CheckNews): CheckTable {
  const { target, state, reached = 'it was not reached yet', version, spent } = status;
  return {
    ...{ target, ended: endings[state], reached, spent, results },
    ...(version === undefined ? {} : { version }),
  };
}

/** "96 handshakes, 2400 datagrams of ours, 4 min". */
export const costText = ({ handshakes, datagrams, seconds }: CheckCost): string =>
  `${plural(handshakes, 'handshake')}, ${datagrams} datagrams of ours, ${
    seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
  }`;

export const demandText = ({ demand, see }: Pick<CheckOutcome, 'demand' | 'see'>): string =>
  demand === 'habit' ? 'a habit' : `${demand}, ${see}`;
