/** A check's table as files, the same that the terminal writes. Addresses are masked. */
import type { ReactElement } from 'react';
import type { CheckNews } from '../../src/bridge/client.ts';
import { checkHtml } from '../../src/report/check/html.ts';
import { checkJson } from '../../src/report/check/json.ts';
import { checkMarkdown } from '../../src/report/check/markdown.ts';
import { checkTable } from '../layout/checks.ts';
import { SaveAs } from './SaveAs.tsx';

const kinds = { html: 'Page (.html)', md: 'Markdown (.md)', json: 'For scripts (.json)' } as const;

export function CheckFiles({ check }: { readonly check: CheckNews }): ReactElement {
  const name = check.status.target.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60);
  return (
    <SaveAs
      kinds={kinds}
      name={`dtlscope-check-${name}`}
      contents={{
        html: () => checkHtml(checkTable(check), 'masked'),
        md: () => checkMarkdown(checkTable(check), 'masked'),
        json: () => `${JSON.stringify(checkJson(checkTable(check)), null, 2)}\n`,
      }}
    />
  );
}
