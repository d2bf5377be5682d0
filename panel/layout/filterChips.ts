/**
 * The filter as chips: what is often asked of this handshake, each to be switched on and off, and behind them every other
 * word of the filter, each to be taken out. A chip is nothing but words of the filter's text, so that chips and text can't
 * disagree.
 */
import type { DatagramView, Handshake } from '../../src/analysis/model.ts';
import type { Actor } from '../../src/trace/model.ts';
import { handshakeTypes } from '../../src/wire/registry.ts';
import { type Around, aroundOf } from './filter.ts';
import { wasLost } from './text.ts';

export interface Chip {
  /** "side:client": what stands in the filter while the chip is on. */
  readonly word: string;
  readonly text: string;
  /** Datagrams of the handshake that it would leave; undefined for a word that was typed. */
  readonly count: number | undefined;
  readonly on: boolean;
  /** `typed`: in the filter, and none of the common ones. */
  readonly group: 'common' | 'message' | 'typed';
}

/** The chips for a filter that can be read. */
export function chipsOf(handshake: Handshake, filter: string): Chip[] {
  const { common: left, messages: counts } = countsOf(handshake);
  const words = wordsOf(filter);
  const types = typesIn(words);
  const chips: Chip[] = [];
  common.forEach(({ word, text }, i) => {
    const count = left[i] ?? 0;
    const on = words.includes(word);
    if (count > 0 || on) chips.push({ word, text, count, on, group: 'common' });
  });
  for (const name of new Set([...counts.keys(), ...types]))
    chips.push({
      word: `${typeKey}${name}`,
      text: name,
      count: counts.get(name),
      on: types.includes(name),
      group: 'message',
    });
  const folded = words.findIndex(isTypes);
  const known = new Set(chips.map(({ word }) => word));
  for (const [i, word] of words.entries())
    if (i !== folded && !known.has(word)) chips.push({ word, text: word, count: undefined, on: true, group: 'typed' });
  return chips;
}

/** The filter's text with a chip switched over. Two sides leave nothing, so one takes the place of the other. */
export function toggled(filter: string, { word, on, group }: Pick<Chip, 'word' | 'on' | 'group'>): string {
  const words = wordsOf(filter);
  if (group === 'message') {
    const name = word.slice(typeKey.length);
    const folded = words.findIndex(isTypes);
    const types = typesIn(words).filter((type) => type !== name);
    if (!on) types.push(name);
    const rest = words.filter((_, i) => i !== folded);
    return [...(types.length > 0 ? [`${typeKey}${types.join(',')}`] : []), ...rest].join(' ');
  }
  const rest = words.filter((one) => one !== word && !(group === 'common' && excludes(word, one)));
  return [...rest, ...(on ? [] : [word])].join(' ');
}

const typeKey = 'type:';
const excludes = (word: string, other: string): boolean => word.startsWith('side:') && other.startsWith('side:');

interface Common {
  readonly word: string;
  readonly text: string;
  readonly holds: (datagram: DatagramView, around: Around) => boolean;
}
const from = (side: Actor): Common => ({
  word: `side:${side}`,
  text: `from ${side}`,
  holds: (datagram) => datagram.from === side,
});
const common: readonly Common[] = [
  from('client'),
  from('server'),
  { word: 'lost:yes', text: 'lost', holds: wasLost },
  { word: 'resent:yes', text: 'retransmission', holds: ({ attempt }) => attempt > 0 },
  { word: 'dropped:yes', text: 'record ignored', holds: ({ packet }, { dropped }) => dropped.has(packet) },
];

const wordsOf = (filter: string): string[] => filter.match(/\S+/g) ?? [];

/** Whether a word is made of message types alone: the one that chips write, also when it was typed. */
const isTypes = (word: string): boolean => /^type:[a-z0-9_]+(,[a-z0-9_]+)*$/i.test(word);

/** The types of the first such word; a second one narrows further, and stays a word of its own. */
const typesIn = (words: readonly string[]): string[] =>
  words.find(isTypes)?.slice(typeKey.length).toLowerCase().split(',') ?? [];

interface Counts {
  /** Datagrams that each of the common ones would leave. */
  readonly common: readonly number[];
  /** Messages seen that have a name to ask for, in order of appearance, with how many datagrams hold a part of one. */
  readonly messages: ReadonlyMap<string, number>;
}

/** One walk over the records of a reading, however many keys are typed while it stands. */
function countsOf(handshake: Handshake): Counts {
  const known = counted.get(handshake);
  if (known) return known;
  const around = aroundOf(handshake);
  const left = common.map(() => 0);
  const types = new Map<number, number>();
  /** The last datagram that was counted for a type. */
  const seen = new Map<number, DatagramView>();
  for (const datagram of handshake.datagrams) {
    for (let i = 0; i < common.length; i++) if (common[i]?.holds(datagram, around)) left[i] = (left[i] ?? 0) + 1;
    for (const { fragments } of datagram.records)
      for (const { message } of fragments) {
        if (seen.get(message) === datagram) continue;
        seen.set(message, datagram);
        types.set(message, (types.get(message) ?? 0) + 1);
      }
  }
  const named = [...types].flatMap(([type, count]) => {
    const name = handshakeTypes[type as keyof typeof handshakeTypes];
    return name === undefined ? [] : [[name.toLowerCase(), count] as const];
  });
  const counts = { common: left, messages: new Map(named) };
  counted.set(handshake, counts);
  return counts;
}
const counted = new WeakMap<Handshake, Counts>();
