/** The link rules and the networks with names as Markdown. */
import { linkForms, linkKinds, linkPresetIds, linkPresets } from '../scenario/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/scenario/linkTable.ts');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withLinkTable = (document: string): string => withPart(document, mark, tables());

const tables = (): string =>
  [
    '| rule | what it does |',
    '|---|---|',
    ...linkKinds.flatMap((kind) => linkForms[kind].map(({ example, about }) => `| \`${example}\` | ${about} |`)),
    '',
    '| network | what it is | rules |',
    '|---|---|---|',
    ...linkPresetIds.map((id) => {
      const { about, rules } = linkPresets[id];
      return `| \`${id}\` | ${about} | ${rules.map((rule) => `\`${rule}\``).join(' ')} |`;
    }),
    '',
  ].join('\n');
