/** Counts the handshakes of a cell. Nothing of a handshake is kept but figures, and the first one that went amiss. */
import type { Outcome } from '../../diagnosis/model.ts';
import {
  type BadHandshake,
  type CellCount,
  type CellFinding,
  type CellResult,
  type SearchResult,
  spreadOf,
} from '../../scenario/index.ts';
import type { Sample } from './sample.ts';

/** Of so many findings a cell's results keep the first. */
const mostFindings = 8;
/** Outcomes of which nothing is learnt of a peer: nobody was there. */
const nobody: readonly Outcome[] = ['refused', 'interrupted'];

export class CellTally {
  readonly #outcomes = new Map<Outcome, number>();
  readonly #findings = new Map<string, CellFinding>();
  readonly #times: number[] = [];
  readonly #datagrams: number[] = [];
  readonly #retransmissions: number[] = [];
  #made = 0;
  #asExpected = 0;
  #bad: BadHandshake | undefined;
  #error: CellResult['error'] = null;
  readonly #traces: string[] = [];

  get count(): CellCount {
    return { made: this.#made, asExpected: this.#asExpected };
  }

  get failed(): boolean {
    return this.#error !== null;
  }

  /** Takes a handshake in; answers whether it is the first that did not end as expected. */
  add(sample: Sample, seed: number): boolean {
    this.#made++;
    this.#outcomes.set(sample.outcome, (this.#outcomes.get(sample.outcome) ?? 0) + 1);
    for (const [index, finding] of sample.findings.entries()) {
      const { count = 0, leads = 0, severity } = this.#findings.get(finding.id) ?? {};
      this.#findings.set(finding.id, {
        ...finding,
        // What costs time in one handshake ends another.
        severity: severity === 'error' ? severity : finding.severity,
        count: count + 1,
        leads: leads + (index === 0 && sample.unmet.length > 0 ? 1 : 0),
      });
    }
    if (sample.timeMs !== undefined) this.#times.push(sample.timeMs);
    this.#datagrams.push(sample.datagrams);
    this.#retransmissions.push(sample.retransmissions);
    if (sample.unmet.length === 0) {
      this.#asExpected++;
      return false;
    }
    if (this.#bad) return false;
    const { outcome, unmet, verdict, commandLine = null } = sample;
    this.#bad = { seed, outcome, unmet, verdict, commandLine };
    return true;
  }

  /** The cell's handshakes can not be made. */
  fail(error: NonNullable<CellResult['error']>): void {
    this.#error ??= error;
  }

  keep(traces: readonly string[]): void {
    this.#traces.push(...traces);
  }

  result(cell: number, search: SearchResult | null): CellResult {
    const bad = this.#bad;
    const alone =
      bad !== undefined && this.#asExpected === 0 && [...this.#outcomes.keys()].every((one) => nobody.includes(one));
    return {
      cell,
      ...this.count,
      // In an order of their own: which came first says nothing.
      outcomes: Object.fromEntries([...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1))),
      timeMs: spreadOf(this.#times),
      datagrams: spreadOf(this.#datagrams),
      retransmissions: spreadOf(this.#retransmissions),
      findings: [...this.#findings.values()].sort(tellingFirst).slice(0, mostFindings),
      bad: bad ?? null,
      error:
        this.#error ??
        (alone ? { kind: 'infrastructure', message: `there was nobody to shake hands with: ${bad.outcome}` } : null),
      traces: this.#traces,
      search,
    };
  }
}

const tellingFirst = (a: CellFinding, b: CellFinding): number =>
  b.leads - a.leads ||
  b.count - a.count ||
  (a.severity !== b.severity ? (a.severity === 'error' ? -1 : 1) : a.id < b.id ? -1 : 1);
