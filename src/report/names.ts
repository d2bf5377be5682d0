/** Numbers of a handshake as their IANA names, and sizes and times as people read them. Unknown numbers are shown as such. */
import type { AlertView, FragmentView, ParametersView } from '../analysis/model.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { alertDescriptions, groups, nameIn, signatureSchemes, srtpProfiles } from '../wire/registry.ts';
import { cipherSuiteName } from '../wire/suites.ts';

export interface AgreedNames {
  /** "1.0", "1.2", "1.3". */
  readonly version: string | undefined;
  readonly cipherSuite: string | undefined;
  readonly group: string | undefined;
  readonly signature: string | undefined;
  readonly srtpProfile: string | undefined;
  readonly alpn: string | undefined;
}

const named = (value: number | undefined, name: (value: number) => string): string | undefined =>
  value === undefined ? undefined : name(value);

/** What was agreed, by name. */
export const agreedNames = (parameters: ParametersView): AgreedNames => ({
  version: parameters.version,
  cipherSuite: named(parameters.cipherSuite, cipherSuiteName),
  group: named(parameters.group, nameIn(groups)),
  signature: named(parameters.signature, nameIn(signatureSchemes)),
  srtpProfile: named(parameters.srtpProfile, nameIn(srtpProfiles)),
  alpn: parameters.alpn,
});

export const alertLevel = (level: number): string =>
  level === 1 ? 'warning' : level === 2 ? 'fatal' : `unknown (0x${level.toString(16).padStart(2, '0')})`;
export const alertName = nameIn(alertDescriptions, 2);

/** Level and description of an alert; `undefined` when it is encrypted and no key is known. */
export const alertNames = (alert: AlertView): { readonly level: string; readonly description: string } | undefined =>
  alert.readable ? { level: alertLevel(alert.level), description: alertName(alert.description) } : undefined;

/** "[408,655)", half open. */
export const rangeText = (start: number, end: number): string => `[${start},${end})`;

/** "certificate [408,655) of 1563", or the name alone when the fragment is the whole message. */
export const fragmentText = ({ message, offset, length, total }: FragmentView): string =>
  partText(handshakeTypeName(message), [offset, offset + length], total);

/** "0.4 ms", "37 ms", "1.005 s", "65.1 s". Milliseconds in. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return ms < 9999.5 ? `${(ms / 1000).toFixed(3)} s` : `${(ms / 1000).toFixed(1)} s`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** "certificate [408,655) of 1563"; the name alone where the whole message is meant. */
export const partText = (
  message: string,
  [start, end]: readonly [number, number],
  total: number | undefined,
): string =>
  start === 0 && end >= (total ?? Number.POSITIVE_INFINITY)
    ? message
    : `${message} ${rangeText(start, end)}${total === undefined ? '' : ` of ${total}`}`;
