/** The findings as Markdown: of every rule what must be seen for it to speak, what it means, what mends it, and where it is written. */
import type { Rule } from '../diagnosis/model.ts';
import { rules } from '../diagnosis/rules/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/diagnosis/rules');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withFindings = (document: string): string => withPart(document, mark, findings());

/** Headings are the ids alone, so that `#flight-lost` is an anchor wherever Markdown is shown. */
function findings(): string {
  const byId = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    '| finding | what it says |',
    '|---|---|',
    ...byId.map(({ id, title }) => `| [\`${id}\`](#${id}) | ${title} |`),
    '',
    ...byId.map(section),
  ].join('\n');
}

const section = ({ id, title, signature, doc, see }: Rule): string =>
  [
    `### ${id}`,
    '',
    `**${title}**`,
    '',
    `- Seen: ${signature}`,
    `- Means: ${doc.why}`,
    `- What to do: ${doc.fix}`,
    `- See: ${see}`,
    '',
  ].join('\n');
