/** The book of runs over the one reader of traces: the same analysis and diagnosis as for files and in the terminal. */
import { Analysis } from '../src/analysis/analysis.ts';
import { nobleProvider } from '../src/crypto/noble.ts';
import { diagnose } from '../src/diagnosis/diagnose.ts';
import { RunBook } from './state/runBook.ts';

export const makeRunBook = (): RunBook =>
  new RunBook((header) => new Analysis({ crypto: nobleProvider, header }), diagnose);
