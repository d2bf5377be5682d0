/** From a handshake to what an expert would say of it: one outcome, one sentence, and findings with their evidence. */
import type { Handshake } from '../analysis/model.ts';
import type { Diagnosis, Severity } from './model.ts';
import { outcomeOf } from './outcome.ts';
import { rules } from './rules/index.ts';
import { verdictOf } from './verdict.ts';

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Pure; the same handshake object gives an equal diagnosis. */
export function diagnose(handshake: Handshake): Diagnosis {
  const outcome = outcomeOf(handshake);
  const findings = rules.flatMap(({ check }) => check(handshake));
  return {
    outcome,
    lastMessage: handshake.lastMessage?.name,
    verdict: verdictOf(handshake, outcome),
    findings: findings.sort((a, b) => rank[a.severity] - rank[b.severity]),
  };
}
