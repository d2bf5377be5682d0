/** The closed set of outcomes, and what a finding is. Ids, outcomes and this shape are promises to users. */

import type { Handshake } from '../analysis/model.ts';
import type { PacketRange } from '../trace/buffers.ts';

/** In the order in which they are tried: the first that holds is the outcome. */
export const outcomes = [
  'unreadable',
  'interrupted',
  'cancelled',
  'fingerprint-mismatch',
  'alert-received',
  'alert-sent',
  'established',
  'refused',
  'no-ice',
  'unsupported',
  'truncated',
  'no-answer',
  'stalled',
  'incomplete-capture',
] as const;
export type Outcome = (typeof outcomes)[number];

/** `error` ended the handshake, `warning` cost time or will bite elsewhere, `info` is the rest. */
export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** Plain words, with the numbers of this handshake. */
  readonly why: string;
  /** What to change, and where. */
  readonly fix: string;
  /** RFC section or documentation. */
  readonly see: string;
  readonly evidence: readonly PacketRange[];
}

export interface Diagnosis {
  readonly outcome: Outcome;
  /** RFC name of the last handshake message that was complete, from either side. */
  readonly lastMessage: string | undefined;
  /** One sentence. */
  readonly verdict: string;
  /** What ended the handshake first, then what cost time, then the rest. */
  readonly findings: readonly Finding[];
}

/** A rule is pure, and says nothing or something about one handshake. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  /** One line for the documentation: what must be seen for the rule to speak. */
  readonly signature: string;
  /** For the documentation: what the finding means and what mends it, without the numbers of a handshake. */
  readonly doc: { readonly why: string; readonly fix: string };
  readonly see: string;
  readonly check: (handshake: Handshake) => readonly Finding[];
}

/** What a rule says of a handshake; id and section stand in the rule, and the title where what is said has none of its own. */
export type Says = Pick<Finding, 'severity' | 'why' | 'fix' | 'evidence'> & Partial<Pick<Finding, 'title'>>;

export function rule(
  head: Omit<Rule, 'check'>,
  check: (handshake: Handshake) => Says | readonly Says[] | undefined,
): Rule {
  const { id, title, see } = head;
  return {
    ...head,
    check(handshake) {
      const said = check(handshake);
      const all: readonly Says[] = said === undefined ? [] : 'why' in said ? [said] : said;
      return all.map((says) => ({ title, ...says, id, see }));
    },
  };
}
