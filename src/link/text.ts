/**
 * A link rule as people write it: `out:delay=70ms±20ms`. The trace names rules so, the command line takes them so, and
 * `scenario/linkGrammar` reads them back. One spelling per rule, so that equal rules are equal text.
 */
import { unreachable } from '../base/unreachable.ts';
import type { LinkRule, ScriptMatch } from './api.ts';

/** The canonical text of a rule. */
export function formatLinkRule(rule: LinkRule): string {
  return `${rule.direction === undefined ? '' : `${rule.direction}:`}${body(rule)}`;
}

function body(rule: LinkRule): string {
  switch (rule.kind) {
    case 'loss':
    case 'duplicate':
    case 'corrupt':
      return `${rule.kind}=${percent(rule.probability)}`;
    case 'burst': {
      const inside = rule.inside < 1 ? `,inside=${percent(rule.inside)}` : '';
      const outside = rule.outside > 0 ? `,outside=${percent(rule.outside)}` : '';
      return `burst=${percent(rule.share)},length=${rule.length}${inside}${outside}`;
    }
    case 'load':
      return `load=${rule.kbps}kbit/s,streams=${rule.streams},size=${bytes(rule.bytes)}`;
    case 'delay':
      return `delay=${rule.ms}ms${rule.jitterMs > 0 ? `±${rule.jitterMs}ms` : ''}`;
    case 'rate':
      return `rate=${rule.kbps}kbit/s,queue=${bytes(rule.queueBytes)}`;
    case 'reorder':
      return `reorder=${percent(rule.probability)},by=${rule.ms}ms`;
    case 'mtu':
      return `mtu=${rule.bytes}${rule.notice ? ',notice' : ''}`;
    case 'truncate':
      return `truncate=${rule.bytes}`;
    case 'script':
      switch (rule.action.kind) {
        case 'drop':
        case 'duplicate':
          return `${rule.action.kind}=${match(rule.match)}`;
        case 'delay':
          return `delay=${match(rule.match)},by=${rule.action.ms}ms`;
        case 'truncate':
          return `truncate=${match(rule.match)},to=${rule.action.bytes}`;
        default:
          return unreachable(rule.action);
      }
    default:
      return unreachable(rule);
  }
}

function match({ nth, message, byte }: ScriptMatch): string {
  const which = nth && runs(nth).join('+');
  if (message === undefined) return which ?? 'all';
  return `${message}${byte === undefined ? '' : `@${byte}`}${which === undefined ? '' : `#${which}`}`;
}

/** From so many in a row on they are written as a range. */
const longRun = 4;
/** Numbers in ascending order as `1+3+7..12`. */
function runs(nth: readonly number[]): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < nth.length; ) {
    let end = at;
    while (nth[end + 1] === (nth[end] ?? 0) + 1) end++;
    if (end - at + 1 >= longRun) texts.push(`${nth[at]}..${nth[end]}`);
    else texts.push(...nth.slice(at, end + 1).map(String));
    at = end + 1;
  }
  return texts;
}

/** Six decimals are what the grammar reads, and hide that 0.07 * 100 is not 7. */
const percent = (probability: number): string => `${Number((probability * 100).toFixed(6))}%`;
const bytes = (count: number): string => (count >= 1000 && count % 1000 === 0 ? `${count / 1000}KB` : `${count}B`);
