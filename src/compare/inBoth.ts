/** What two handshakes have in common, as far as somebody may suspect it: an expired certificate, above all, is no reason when the good run has it too. */
import type { CertificateView } from '../analysis/model.ts';
import type { Actor } from '../trace/model.ts';
import { groups, nameIn, srtpProfiles } from '../wire/registry.ts';
import { cipherSuiteName } from '../wire/suites.ts';
import type { Compared, Difference } from './model.ts';

export function sameInBoth(a: Compared, b: Compared, differences: readonly Difference[]): readonly string[] {
  // Where both end alike, nobody asks for the reason of a difference.
  const cause = a.diagnosis.outcome === b.diagnosis.outcome ? '' : ': not the cause';
  return [...certificates(a, b, cause), ...hellos(a, b, differences), ...agreed(a, b), ...findings(a, b, cause)];
}

function certificates(a: Compared, b: Compared, cause: string): string[] {
  return (['client', 'server'] as const).flatMap((side) => {
    const [one, other] = [a.handshake.certificates[side][0], b.handshake.certificates[side][0]];
    if (!one || !other) return [];
    const [datedA, datedB] = [datedOf(one, a), datedOf(other, b)];
    const dated =
      datedA !== undefined && datedA === datedB ? [`The ${side}'s certificate ${datedA} in both${cause}.`] : [];
    return one.sha256 === other.sha256 ? [...dated, `The ${side} shows the same certificate in both.`] : dated;
  });
}

/** What is wrong with the dates at the time of the handshake; undefined when nothing is, or nobody knows. */
function datedOf({ notBefore, notAfter }: CertificateView, { startedAt, handshake }: Compared): string | undefined {
  if (startedAt === undefined) return undefined;
  const at = startedAt + handshake.startedAt;
  if (notAfter !== undefined && Date.parse(notAfter) < at) return 'had expired';
  if (notBefore !== undefined && Date.parse(notBefore) > at) return 'was not valid yet';
  return undefined;
}

function hellos(a: Compared, b: Compared, differences: readonly Difference[]): string[] {
  return (['client', 'server'] as const).flatMap((side: Actor) => {
    const name = `${side}_hello`;
    const has = ({ handshake }: Compared): boolean =>
      handshake.messages.some((one) => one.from === side && one.name === name && one.complete);
    const differs = differences.some(({ from, message }) => from === side && message === name);
    return has(a) && has(b) && !differs
      ? [`The ${side}'s hello is the same in both, but for what is fresh in each.`]
      : [];
  });
}

function agreed(a: Compared, b: Compared): string[] {
  const [one, other] = [a.handshake.parameters, b.handshake.parameters];
  const same = <T>(left: T | undefined, right: T | undefined, text: (value: T) => string): string[] =>
    left !== undefined && left === right ? [text(left)] : [];
  const parts = [
    ...same(one.version, other.version, (version) => `DTLS ${version}`),
    ...same(one.cipherSuite, other.cipherSuite, cipherSuiteName),
    ...same(one.group, other.group, nameIn(groups)),
    ...same(one.srtpProfile, other.srtpProfile, nameIn(srtpProfiles)),
    ...same(one.extendedMasterSecret, other.extendedMasterSecret, (is) => `${is ? '' : 'no '}extended master secret`),
  ];
  return parts.length === 0 ? [] : [`Both agree on ${parts.join(', ')}.`];
}

function findings(a: Compared, b: Compared, cause: string): string[] {
  const inB = new Set(b.diagnosis.findings.map(({ id }) => id));
  const seen = new Set<string>();
  return a.diagnosis.findings.flatMap(({ id, title, severity }) => {
    if (!inB.has(id) || seen.has(id) || severity === 'info') return [];
    seen.add(id);
    return [`"${title}" (${id}) is found in both${cause}.`];
  });
}
