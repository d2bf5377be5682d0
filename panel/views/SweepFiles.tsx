/** A sweep's results as files: the terminal goes on with the last of them. */
import { type ReactElement, useState } from 'react';
import { masker } from '../../src/report/addresses.ts';
import { sweepHtml } from '../../src/report/sweep/html.ts';
import { sweepJson } from '../../src/report/sweep/json.ts';
import { sweepMarkdown } from '../../src/report/sweep/markdown.ts';
import { inOrder, stateText } from '../../src/report/sweep/state.ts';
import { download } from '../files.ts';
import type { ShownSweep } from '../state/sweep.ts';

const kinds = {
  html: 'Page (.html)',
  md: 'Markdown (.md)',
  json: 'For scripts (.json)',
  jsonl: 'State, for --state (.jsonl)',
  yaml: 'The sweep itself (.yaml)',
} as const;
type Kind = keyof typeof kinds;

export function SweepFiles({ sweep }: { readonly sweep: ShownSweep }): ReactElement {
  const [chosen, choose] = useState<Kind>('html');
  const save = (kind: Kind): void => {
    const { file, shape, text } = sweep;
    const results = inOrder([...sweep.results.values()]);
    const report = { file, shape, results };
    const contents: Readonly<Record<Kind, () => string>> = {
      html: () => sweepHtml(report, 'masked'),
      md: () => sweepMarkdown(report, masker('masked')),
      json: () => sweepJson(report),
      jsonl: () => stateText({ index: 1, of: 1, ...report }),
      yaml: () => text,
    };
    download(`${file.replace(/\.(ya?ml|json)$/i, '')}.${kind}`, contents[kind]());
  };
  // A chooser and a button: arrow keys in a list must not write a file at each step.
  return (
    <span className="row">
      <select
        aria-label="What to save"
        value={chosen}
        onChange={(event) => choose((Object.keys(kinds) as Kind[]).find((one) => one === event.target.value) ?? 'html')}
      >
        {(Object.keys(kinds) as Kind[]).map((kind) => (
          <option key={kind} value={kind}>
            {kinds[kind]}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => save(chosen)}>
        Save
      </button>
    </span>
  );
}
