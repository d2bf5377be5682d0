/** The one line that closes a test run, in a form that any CI can read. */
import { readFile } from 'node:fs/promises';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

/** "N passed, N failed[, N skipped]" from vitest's JSON report. A file that did not even load counts as a failure. */
export async function summarise(report: string): Promise<string> {
  const results = JSON.parse(await readFile(report, 'utf8')) as Results;
  const failed = Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0);
  const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
  return `${results.numPassedTests} passed, ${failed} failed${skipped}`;
}
