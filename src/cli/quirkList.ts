/** What `--quirk list` shows: every quirk that a command can have, with its explanation. */
import { wrap } from '../report/plain.ts';
import { type Command, quirkGroups, quirkIds, quirks } from '../scenario/index.ts';

/** Columns: a terminal's, and those of a name. */
const width = 100;
const indent = 30;

/** The list as text. `serve` is a server, so that it is told only what a server can have. */
export function quirkList(command: Command): string {
  const lines: string[] = [];
  for (const [group, title] of Object.entries(quirkGroups)) {
    const ids = quirkIds.filter(
      (id) => quirks[id].group === group && (command === 'serve' ? quirks[id].role !== 'client' : !quirks[id].listens),
    );
    if (ids.length === 0) continue;
    lines.push(`${title}:`);
    for (const id of ids) lines.push(...explained(id, `${quirks[id].about}${only(id)}`, indent));
  }
  return `${lines.join('\n')}\n`;
}

/** A name and what it is, in lines; what is longer than its column stands alone. */
export function explained(name: string, about: string, column: number): string[] {
  const lines = wrap(about, width - column).map((line) => ' '.repeat(column) + line);
  if (name.length + 3 > column) return [`  ${name}`, ...lines];
  const [first = '', ...more] = lines;
  return [`  ${name.padEnd(column - 2)}${first.slice(column)}`, ...more];
}

/** For which role and version alone it is, in brackets. */
function only(id: keyof typeof quirks): string {
  const { role, versions } = quirks[id];
  const words = [...(role === undefined ? [] : [role]), ...(versions ?? []).map((version) => `DTLS ${version}`)];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
