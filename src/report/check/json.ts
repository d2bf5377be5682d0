/** A check of a peer as the JSON that scripts rely on (`check --json`): names and units are promises. */
import { version } from '../../base/version.ts';
import { checkSummary } from './summary.ts';
import type { CheckRow, CheckTable } from './table.ts';

export interface CheckJson {
  readonly dtlscope: string;
  readonly target: string;
  readonly ended: CheckTable['ended'];
  readonly summary: string;
  readonly reached: string;
  readonly version: string | null;
  readonly spent: CheckTable['spent'];
  readonly results: readonly {
    readonly id: string;
    readonly group: string;
    readonly title: string;
    readonly demand: string;
    readonly see: string;
    readonly how: string;
    readonly status: string;
    readonly says: string;
    readonly numbers: CheckRow['numbers'];
    /** Ids of the findings that tell it. */
    readonly findings: readonly string[];
    /** The trials that show it, by number, with the datagrams to look at. */
    readonly evidence: readonly {
      readonly trial: number;
      readonly what: string;
      readonly datagrams: readonly number[];
    }[];
    /** The text of a scenario file that shows it; null where none can, or where nothing failed. */
    readonly scenario: string | null;
  }[];
}

export function checkJson(report: CheckTable): CheckJson {
  const { target, ended, reached, spent, results } = report;
  return {
    dtlscope: version,
    target,
    ended,
    summary: checkSummary(report),
    reached,
    version: report.version ?? null,
    spent: { ...spent, seconds: Math.round(spent.seconds * 1000) / 1000 },
    results: results.map(
      ({ id, group, title, demand, see, how, status, says, numbers, findings, shown, scenario }) => ({
        ...{ id, group, title, demand, see, how, status, says, numbers, findings },
        evidence: shown.map(({ trial, what, packets }) => ({ trial, what, datagrams: packets })),
        scenario: scenario ?? null,
      }),
    ),
  };
}
