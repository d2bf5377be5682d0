/** A check of a peer as it is shown, wherever it was made: what came of each, and the handshakes that show it, by number. */
import type { CheckReport, CheckResult } from '../../run/check/model.ts';

type Kept = 'id' | 'section' | 'title' | 'demand' | 'see' | 'how' | 'status' | 'says' | 'findings' | 'numbers';

export interface CheckRow extends Pick<CheckResult, Kept> {
  readonly group: string;
  /** The trials that show it, with the datagrams to look at. */
  readonly shown: readonly { readonly trial: number; readonly what: string; readonly packets: readonly number[] }[];
  /** A scenario file that shows it. */
  readonly scenario?: string;
}

export interface CheckTable extends Pick<CheckReport, 'target' | 'reached' | 'spent'> {
  readonly ended: CheckReport['ended'] | 'running';
  /** The DTLS version that the peer was reached with. */
  readonly version?: string;
  readonly results: readonly CheckRow[];
}

export function rowOf(result: CheckResult): CheckRow {
  const { id, group, section, title, demand, see, how, status, says, findings, numbers, shown, scenario } = result;
  return {
    ...{ id, group, section, title, demand, see, how, status, says, findings, numbers },
    shown: shown.map(({ made, evidence }) => ({
      trial: made.number,
      what: made.what,
      packets: [...new Set(evidence?.map(({ packet }) => packet))],
    })),
    ...(scenario === undefined ? {} : { scenario }),
  };
}

export function tableOf({ target, ended, reached, version, spent, results }: CheckReport): CheckTable {
  return {
    ...{ target, ended, reached, spent, results: results.map(rowOf) },
    ...(version === undefined ? {} : { version }),
  };
}
