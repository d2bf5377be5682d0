/** A sweep's results as files: the terminal goes on with the one of its state. */
import type { ReactElement } from 'react';
import { masker } from '../../src/report/addresses.ts';
import { sweepHtml } from '../../src/report/sweep/html.ts';
import { sweepJson } from '../../src/report/sweep/json.ts';
import { sweepMarkdown } from '../../src/report/sweep/markdown.ts';
import { inOrder, stateText } from '../../src/report/sweep/state.ts';
import type { ShownSweep } from '../state/model.ts';
import { SaveAs } from './SaveAs.tsx';

const kinds = {
  html: 'Page (.html)',
  md: 'Markdown (.md)',
  json: 'For scripts (.json)',
  jsonl: 'State, for --state (.jsonl)',
  yaml: 'The sweep itself (.yaml)',
} as const;

export function SweepFiles({ sweep }: { readonly sweep: ShownSweep }): ReactElement {
  const { file, shape, text } = sweep;
  const report = () => ({ file, shape, results: inOrder([...sweep.results.values()]) });
  return (
    <SaveAs
      kinds={kinds}
      name={file.replace(/\.(ya?ml|json)$/i, '')}
      contents={{
        html: () => sweepHtml(report(), 'masked'),
        md: () => sweepMarkdown(report(), masker('masked')),
        json: () => sweepJson(report()),
        jsonl: () => stateText({ index: 1, of: 1, ...report() }),
        yaml: () => text,
      }}
    />
  );
}
