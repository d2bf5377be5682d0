/**
 * What a scenario file expects of its handshake: an outcome, findings that must or must not be there, and bounds on what
 * each side sends. Read here; held against a handshake in `src/run/expectation.ts`.
 */
import { type Outcome, outcomes } from '../../diagnosis/model.ts';
import { rules } from '../../diagnosis/rules/index.ts';
import { alternatives, nearest } from '../nearest.ts';
import { mostSteps } from '../stepGrammar.ts';
import { type FileMap, type FileNode, type FileProblem, kindOf, type Place } from './tree.ts';

export interface Bounds {
  readonly least: number | undefined;
  readonly most: number | undefined;
}
export type BothSides = Readonly<Record<'client' | 'server', Bounds>>;

export interface Expectation {
  readonly outcome: Outcome;
  readonly findings: { readonly must: readonly string[]; readonly mustNot: readonly string[] };
  /** DTLS datagrams that each side sent. */
  readonly datagrams: BothSides;
  /** Flights that each side sent again. */
  readonly retransmissions: BothSides;
  /** How many of the steps have to be done; when undefined all, where the outcome is to be `established`. */
  readonly steps: 'all' | number | undefined;
}

const free: Bounds = { least: undefined, most: undefined };
const freeSides: BothSides = { client: free, server: free };

/** Just an outcome, as `--expect` has it. */
export const expecting = (outcome: Outcome): Expectation => ({
  outcome,
  findings: { must: [], mustNot: [] },
  datagrams: freeSides,
  retransmissions: freeSides,
  steps: undefined,
});

const findingIds: readonly string[] = rules.map(({ id }) => id).sort();

/** Bounds are counts of one handshake; a run keeps no more datagrams than this (`runLimits`). */
export const mostCounted = 50_000;

/** Reads `expect`; every problem goes to `wrong`. */
export function readExpectation(node: FileNode, wrong: (at: Place, what: string) => void): Expectation {
  if (node.kind !== 'map') return expecting(readOutcome(node, 'expect', wrong));
  const fields = fieldsOf(node, 'expect', ['outcome', 'findings', 'datagrams', 'retransmissions', 'steps'], wrong);
  const outcome = fields.get('outcome');
  const findings = fields.get('findings');
  const sides = (name: 'datagrams' | 'retransmissions'): BothSides => {
    const given = fields.get(name);
    return given === undefined ? freeSides : readSides(given, `expect.${name}`, wrong);
  };
  return {
    outcome: outcome === undefined ? 'established' : readOutcome(outcome, 'expect.outcome', wrong),
    findings: findings === undefined ? { must: [], mustNot: [] } : readFindings(findings, wrong),
    datagrams: sides('datagrams'),
    retransmissions: sides('retransmissions'),
    steps: fields.has('steps') ? readStepCount(fields.get('steps'), wrong) : undefined,
  };
}

function readOutcome(node: FileNode, where: string, wrong: Wrong): Outcome {
  const found = node.kind === 'text' ? outcomes.find((one) => one === node.text.toLowerCase()) : undefined;
  if (found === undefined)
    wrong(
      node.at,
      node.kind === 'text'
        ? `${where}: "${node.text}" is no outcome; allowed: ${outcomes.join(', ')}`
        : `${where}: is ${kindOf(node)}, and should be an outcome: ${outcomes.join(', ')}`,
    );
  return found ?? 'established';
}

function readStepCount(node: FileNode | undefined, wrong: Wrong): Expectation['steps'] {
  const text = node?.kind === 'text' ? node.text : '';
  if (text === 'all') return text;
  if (/^\d{1,4}$/.test(text) && Number(text) <= mostSteps) return Number(text);
  if (node) {
    const given =
      node.kind === 'text' ? `"${text}" is neither "all" nor` : `is ${kindOf(node)}, and should be "all" or`;
    wrong(node.at, `expect.steps: ${given} a whole number from 0 to ${mostSteps}`);
  }
  return undefined;
}

type Wrong = (at: Place, what: string) => void;

function readFindings(node: FileNode, wrong: Wrong): Expectation['findings'] {
  const fields = fieldsOf(node, 'expect.findings', ['must', 'mustNot'], wrong);
  const ids = (name: string): readonly string[] => {
    const given = fields.get(name);
    if (given === undefined) return [];
    return (given.kind === 'list' ? given.items : [given]).flatMap((item) => {
      const where = `expect.findings.${name}`;
      if (item.kind !== 'text') wrong(item.at, `${where}: is ${kindOf(item)}, and should be the id of a finding`);
      else if (!findingIds.includes(item.text)) {
        const near = nearest(item.text, findingIds, 3);
        const meant = near.length > 0 ? ` (did you mean ${alternatives(near)}?)` : '';
        wrong(item.at, `${where}: "${item.text}" is no finding${meant}; docs/findings.md has them all`);
      } else return [item.text];
      return [];
    });
  };
  const [must, mustNot] = [ids('must'), ids('mustNot')];
  const both = must.find((id) => mustNot.includes(id));
  if (both !== undefined) wrong(node.at, `expect.findings: "${both}" must appear and must not`);
  return { must, mustNot };
}

function readSides(node: FileNode, where: string, wrong: Wrong): BothSides {
  const fields = fieldsOf(node, where, ['client', 'server'], wrong);
  const side = (name: 'client' | 'server'): Bounds => {
    const given = fields.get(name);
    return given === undefined ? free : readBounds(given, `${where}.${name}`, wrong);
  };
  return { client: side('client'), server: side('server') };
}

function readBounds(node: FileNode, where: string, wrong: Wrong): Bounds {
  const count = (one: FileNode, at: string): number | undefined => {
    const value = one.kind === 'text' && /^\d{1,6}$/.test(one.text) ? Number(one.text) : undefined;
    if (value === undefined || value > mostCounted) {
      const given = one.kind === 'text' ? `"${one.text}" is not` : `is ${kindOf(one)}, and should be`;
      wrong(one.at, `${at}: ${given} a whole number from 0 to ${mostCounted}`);
      return undefined;
    }
    return value;
  };
  if (node.kind !== 'map') {
    const exactly = count(node, where);
    return { least: exactly, most: exactly };
  }
  const fields = fieldsOf(node, where, ['least', 'most'], wrong);
  const bound = (name: string): number | undefined => {
    const given = fields.get(name);
    return given === undefined ? undefined : count(given, `${where}.${name}`);
  };
  const [least, most] = [bound('least'), bound('most')];
  if (least !== undefined && most !== undefined && least > most)
    wrong(node.at, `${where}: least, ${least}, is more than most, ${most}`);
  return { least, most };
}

/** The fields of a group by name; reports those that are not known, with the nearest name, and what is no group. */
export function fieldsOf(
  node: FileNode,
  where: string,
  known: readonly string[],
  wrong: Wrong,
): ReadonlyMap<string, FileNode> {
  const fields = new Map<string, FileNode>();
  if (node.kind !== 'map') {
    wrong(node.at, `${where}: is ${kindOf(node)}, and should be a group of fields: ${known.join(', ')}`);
    return fields;
  }
  for (const { name, value } of checkedEntries(node, where, known, wrong)) fields.set(name, value);
  return fields;
}

/** The entries of a group that are known. */
export function checkedEntries(node: FileMap, where: string, known: readonly string[], wrong: Wrong) {
  return node.entries.filter(({ name, at }) => {
    if (known.includes(name)) return true;
    // As they are spelt on a command line, they are known by another name.
    const near = nearest(name.replace(/^--/, '').replaceAll('-', ''), known, 2);
    const meant = near.length > 0 ? ` (did you mean ${alternatives(near)}?)` : `; allowed: ${known.join(', ')}`;
    wrong(at, `${where === '' ? '' : `${where}: `}"${name}" is not a field${meant}`);
    return false;
  });
}

/** Collects problems. */
export function collector(): { readonly problems: FileProblem[]; readonly wrong: Wrong } {
  const problems: FileProblem[] = [];
  return { problems, wrong: (at, what) => void problems.push({ at, what }) };
}
