/**
 * A handshake as Markdown, to be pasted into a ticket: verdict, facts and findings as text, the ladder folded away. Text of
 * strangers is escaped, so that it makes no link, no heading, and calls nobody by name.
 */
import { version } from '../base/version.ts';
import { inFull, type ReadHandshake } from '../diagnosis/lead.ts';
import { sanitiseHeader } from '../trace/sanitise.ts';
import { masker } from './addresses.ts';
import { factLines } from './facts.ts';
import type { ReportOptions } from './html/report.ts';
import { mostInFull } from './many.ts';
import { packetsLine } from './names.ts';
import { plain } from './plain.ts';
import { bareLadder } from './text.ts';

/** Fits the width of a ticket. Columns. */
const ladderWidth = 100;

/** All handshakes; addresses are masked unless `shown`, keys are not in it. */
export function markdownReport(read: readonly ReadHandshake[], { header, addresses }: ReportOptions): string {
  const mask = masker(addresses);
  const text = (words: string): string => escapeMarkdown(mask(words));
  const { commandLine } = sanitiseHeader(header);
  const told = inFull(read, mostInFull);
  const lines = told.flatMap(({ handshake, diagnosis }) => [
    `### ${text(diagnosis.verdict)}`,
    '',
    `Outcome \`${diagnosis.outcome}\`; ${text(handshake.id)}: ${text(handshake.client)} (client) to ${text(handshake.server)} (server)`,
    '',
    ...diagnosis.findings.flatMap(({ id, severity, title, why, fix, see, evidence }) => {
      const source = [see === '' ? undefined : `See ${text(see)}`, packetsLine(evidence)];
      return [
        `- **${severity}: ${text(title)}** (\`${id}\`): ${text(why)}`,
        ...(fix === '' ? [] : [`  - *What to do:* ${text(fix)}`]),
        `  - ${source.filter((part) => part !== undefined).join('; ') || 'No datagram shows it.'}`,
      ];
    }),
    '',
    '| fact | |',
    '|---|---|',
    ...factLines(handshake).map(([name, words]) => `| ${text(name)} | ${text(words)} |`),
    '',
    '<details><summary>Ladder</summary>',
    '',
    ...fenced(mask(bareLadder(handshake, diagnosis, ladderWidth))),
    '',
    '</details>',
    '',
  ]);
  const rest = read
    .filter((one) => !told.includes(one))
    .map(({ handshake: { id }, diagnosis: { verdict } }) => `- ${text(id)}: ${text(verdict)}`);
  const repeat = commandLine === undefined ? [] : ['To repeat it:', '', ...fenced(plain(mask(commandLine))), ''];
  const masked = addresses === 'masked' ? ', addresses masked' : '';
  return `${[...lines, ...rest, ...repeat, `*dtlscope ${escapeMarkdown(version)}${masked}, no keys*`].join('\n')}\n`;
}

/** One line of text that Markdown (with GitHub's and GitLab's additions) shows as it is. */
export const escapeMarkdown = (text: string): string =>
  plain(text)
    .replace(/[\\`*[\]#|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, (char) => `\\${char}`)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@/g, '&#64;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`);

/** A block of code whose fence is longer than any in it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, text.trimEnd(), fence];
}
