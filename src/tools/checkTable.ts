/** The checks as Markdown: what is asked of a peer, who asks for it, how it is tried, and what that costs at most. */
import { type Check, checkGroups, checks, costOf } from '../run/check/index.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/run/check');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withCheckTable = (document: string): string => withPart(document, mark, tables());

const tables = (): string =>
  Object.entries(checkGroups)
    .map(([group, title]) =>
      [
        `### ${title}`,
        '',
        '| check | what is asked | by | how it is tried | at most | finding |',
        '|---|---|---|---|---|---|',
        ...checks.filter((one) => one.group === group).map(row),
        '',
      ].join('\n'),
    )
    .join('\n');

function row(check: Check): string {
  const { id, title, demand, see, how, findings } = check;
  const { handshakes, datagrams, seconds } = costOf(check, false);
  const by = demand === 'habit' ? `a habit; see ${see}` : `${demand}: ${see}`;
  const cost = handshakes === 0 ? 'nothing more' : `${handshakes} handshakes, ${datagrams} datagrams, ${seconds} s`;
  const named = findings.map((finding) => `[\`${finding}\`](findings.md#${finding})`).join(', ');
  return `| \`${id}\` | ${title} | ${by} | ${how} | ${cost} | ${named || '–'} |`;
}
