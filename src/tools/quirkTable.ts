/** The quirks as Markdown: what each does, for which role and version, and the finding that tells it. */
import { rules } from '../diagnosis/rules/index.ts';
import { type QuirkId, quirkGroups, quirkIds, quirks } from '../scenario/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/scenario/quirks');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withQuirkTable = (document: string): string => withPart(document, mark, tables());

const tables = (): string =>
  Object.entries(quirkGroups)
    .map(([group, title]) =>
      [
        `### ${title}`,
        '',
        '| `--quirk` | what it does | role | DTLS | finding |',
        '|---|---|---|---|---|',
        ...quirkIds.filter((id) => quirks[id].group === group).map(row),
        '',
      ].join('\n'),
    )
    .join('\n');

function row(id: QuirkId): string {
  const { about, role, versions, finding } = quirks[id];
  return `| \`${id}\` | ${about} | ${role ?? 'both'} | ${versions?.join(', ') ?? 'any'} | ${linked(finding)} |`;
}

/** A finding that has a rule is explained on its page. */
function linked(finding: string | undefined): string {
  if (finding === undefined) return '–';
  return rules.some(({ id }) => id === finding) ? `[\`${finding}\`](findings.md#${finding})` : `\`${finding}\``;
}
