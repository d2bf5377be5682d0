/**
 * Networks with a name, usable wherever a link rule may stand: each is a list of rules. `out:` or `in:` before the name takes
 * only what it does to that direction. `out` is our sending: an uplink is ours.
 */
import type { LinkRule } from '../link/api.ts';
import { formatLinkRule } from '../link/text.ts';
import { parseLinkRule } from './linkGrammar.ts';
import { linkKinds } from './linkTable.ts';
import { nearest } from './nearest.ts';
import { bad, good, type Parsed } from './problem.ts';

export interface LinkPreset {
  /** What it is, in one line without a full stop. */
  readonly about: string;
  readonly rules: readonly string[];
}

const table = {
  '3g': {
    about: 'a phone on 3G: 768 kbit/s up, 1600 kbit/s down, 150 ms each way, losses in short bursts',
    rules: ['out:rate=768kbit/s,queue=64KB', 'in:rate=1600kbit/s,queue=128KB', 'delay=150ms±30ms', 'burst=1%,length=3'],
  },
  'lossy-wifi': {
    about: 'a far access point: 5 % lost in bursts of four, 10 ms each way with jitter, a few datagrams late or twice',
    rules: ['burst=5%,length=4', 'delay=10ms±8ms', 'reorder=2%,by=15ms', 'duplicate=1%'],
  },
  'licode-uplink': {
    about:
      '225 kbit/s up, 5120 kbit/s down, 70 ms each way, and the media of six participants: our own fills the uplink, five others come down',
    rules: [
      'out:rate=225kbit/s,queue=20KB',
      'in:rate=5120kbit/s,queue=64KB',
      'out:load=340kbit/s,streams=2,size=1000',
      'in:load=1700kbit/s,streams=10,size=1000',
      'delay=70ms',
    ],
  },
  'vpn-1280': {
    about: 'a tunnel with an MTU of 1280: UDP payloads of more than 1252 bytes vanish without a word',
    rules: ['mtu=1252'],
  },
  'turn-1600': {
    about: 'a relay that receives into 1600 bytes: what is larger arrives cut',
    rules: ['truncate=1600'],
  },
} as const satisfies Record<string, LinkPreset>;

export type LinkPresetId = keyof typeof table;
export const linkPresets: Readonly<Record<LinkPresetId, LinkPreset>> = table;
export const linkPresetIds = Object.keys(table) as readonly LinkPresetId[];

/** Reads one rule, or a preset's name: what it stands for. */
export function parseLink(text: string): Parsed<readonly LinkRule[]> {
  const [, direction, name = ''] = /^(?:(out|in):)?([^=:]*)$/.exec(text) ?? [];
  const id = linkPresetIds.find((known) => known === name);
  if (id !== undefined) {
    const all = rulesOf(id);
    return good(direction === 'out' || direction === 'in' ? all.flatMap((rule) => narrowed(rule, direction)) : all);
  }
  // A word alone is a name; a kind alone has only lost its value.
  if (name !== '' && !linkKinds.some((kind) => kind === name)) {
    const near = nearest(name, linkPresetIds, 2);
    const meant = near.length > 0 ? ` (did you mean ${near.join(' or ')}?)` : '';
    return bad('--link', text, `is no network with a name${meant}, and not KIND=VALUE`, {
      at: text.length - name.length,
      allowed: `${linkPresetIds.join(', ')}; or a rule, of which --link list shows all`,
    });
  }
  const rule = parseLinkRule(text);
  return rule.ok ? good([rule.value]) : rule;
}

/** The shortest texts that `parseLink` reads back as these rules, in their order: presets by their names. */
export function formatLink(rules: readonly LinkRule[]): readonly string[] {
  const texts = rules.map(formatLinkRule);
  const out: string[] = [];
  for (let at = 0; at < texts.length; ) {
    const fits = named().filter(({ rules: own }) => own.every((text, i) => texts[at + i] === text));
    const longest = fits.reduce<Named | undefined>(
      (a, b) => (a && a.rules.length >= b.rules.length ? a : b),
      undefined,
    );
    out.push(longest?.id ?? texts[at] ?? '');
    at += longest?.rules.length ?? 1;
  }
  return out;
}

interface Named {
  readonly id: LinkPresetId;
  readonly rules: readonly string[];
}

let names: readonly Named[] | undefined;
/** A single rule is its own name. */
function named(): readonly Named[] {
  names ??= linkPresetIds
    .map((id) => ({ id, rules: rulesOf(id).map(formatLinkRule) }))
    .filter(({ rules }) => rules.length > 1);
  return names;
}

/** The rules of a preset; the texts are ours, and a test reads them all. */
const rulesOf = (id: LinkPresetId): readonly LinkRule[] =>
  linkPresets[id].rules.flatMap((text) => {
    const parsed = parseLinkRule(text);
    return parsed.ok ? [parsed.value] : [];
  });

const narrowed = (rule: LinkRule, direction: 'out' | 'in'): readonly LinkRule[] =>
  rule.direction === undefined || rule.direction === direction ? [{ ...rule, direction }] : [];
