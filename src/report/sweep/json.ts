/** A sweep as the JSON that scripts rely on: its axes, and each cell by the labels of its values. */
import { version } from '../../base/version.ts';
import { cellName, valuesOf, wilson } from '../../scenario/index.ts';
import { type SweepReport, searchText, sweepTally } from './model.ts';

export function sweepJson(report: SweepReport): string {
  const { file, shape, results } = report;
  const share = (value: number): number => Math.round(value * 10_000) / 10_000;
  const cells = results.map((one) => {
    const { low, high } = wilson(one);
    return {
      name: cellName(shape, one.cell),
      values: Object.fromEntries(valuesOf(shape, one.cell).map(({ label }, at) => [shape.axes[at]?.name ?? '', label])),
      rate:
        one.made === 0 ? null : { asExpected: share(one.asExpected / one.made), low: share(low), high: share(high) },
      ...one,
      search: one.search && { answer: searchText(one, shape), ...one.search },
    };
  });
  return `${JSON.stringify({ dtlscope: version, sweep: { file, ...shape, ...{ tally: sweepTally(report) } }, cells }, null, 2)}\n`;
}
