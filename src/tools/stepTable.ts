/** The steps after the handshake as Markdown. */
import { stepForms, stepKinds } from '../scenario/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/scenario/stepTable.ts');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withStepTable = (document: string): string => withPart(document, mark, table());

const table = (): string =>
  [
    '| step | what it does |',
    '|---|---|',
    ...stepKinds.flatMap((kind) => stepForms[kind].map(({ example, about }) => `| \`${example}\` | ${about} |`)),
    '',
  ].join('\n');
