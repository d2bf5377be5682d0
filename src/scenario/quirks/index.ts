/** All quirks, and what several of them together make of an endpoint's settings. */
import type { EndpointConfig, Role } from '../../engine/api.ts';
import type { Faults } from '../../profiles/model.ts';
import type { Version } from '../../wire/registry.ts';
import type { Before, Quirk } from './model.ts';
import { cookies, reading } from './receiving.ts';
import { agreeing, messages, roles } from './saying.ts';
import { datagrams, repeating } from './sending.ts';

export { type Quirk, type QuirkGroup, quirkGroups } from './model.ts';

const table = { ...repeating, ...datagrams, ...reading, ...cookies, ...messages, ...agreeing, ...roles };
export type QuirkId = keyof typeof table;

/** The table, in the order of help, form and documents. */
export const quirks: Readonly<Record<QuirkId, Quirk>> = table;
export const quirkIds = Object.keys(table) as readonly QuirkId[];

/**
 * An endpoint's settings with quirks: what these say goes before what the options say. Those that the endpoint's role or
 * versions have no use for are left out: signalling may have settled it so.
 */
export function withQuirks(config: EndpointConfig, ids: readonly QuirkId[]): EndpointConfig {
  const meant = ids.filter((id) => misplaced(id, config.role, config.versions) === undefined);
  let broken = config;
  for (const id of meant) {
    const { faults, settings } = quirks[id];
    broken = { ...broken, ...settings?.(broken) };
    if (faults) broken = { ...broken, faults: mergeFaults(broken.faults ?? {}, faults) };
  }
  return broken;
}

/** Lists grow together; of the rest the later one counts, and `clashOf` tells where that is another. */
const mergeFaults = (a: Faults, b: Faults): Faults => ({
  ...a,
  ...b,
  ...(a.neverAgain && b.neverAgain && { neverAgain: [...a.neverAgain, ...b.neverAgain] }),
  ...(a.refuses && b.refuses && { refuses: [...a.refuses, ...b.refuses] }),
  ...(a.says && b.says && { says: [...a.says, ...b.says] }),
});

/** The first two that can't both be had, because they decide the same differently. */
export function clashOf(ids: readonly QuirkId[]): readonly [QuirkId, QuirkId] | undefined {
  for (const [i, one] of ids.entries())
    for (const other of ids.slice(i + 1)) {
      const [a, b] = [decisions(quirks[one]), decisions(quirks[other])];
      for (const [what, value] of a) if (b.has(what) && b.get(what) !== value) return [one, other];
    }
  return undefined;
}

/** What a quirk decides, each as text that can be compared. Lists grow together, so they decide nothing alone. */
function decisions({ faults, settings }: Quirk): Map<string, string> {
  const single = Object.entries(faults ?? {}).filter(([, value]) => !Array.isArray(value));
  const set = Object.entries(settings?.(anybody) ?? {}).map(([name, value]) => [`settings.${name}`, value] as const);
  return new Map([...single, ...set].map(([name, value]) => [name, JSON.stringify(value) ?? '']));
}

const anybody: Before = { mtu: 1200, clientAuth: 'none', cipherSuites: [], credentials: [] };

/** Why a quirk means nothing for an endpoint in this role that speaks these versions; `undefined` when it does. */
export function misplaced(id: QuirkId, role: Role | undefined, versions: readonly Version[]): string | undefined {
  const quirk = quirks[id];
  if (quirk.role !== undefined && role !== undefined && quirk.role !== role) return `means nothing for a ${role}`;
  // What 1.2 does wrong 1.0 does as well: it is the same code.
  const spoken: readonly Version[] = versions.map((version) => (version === '1.0' ? '1.2' : version));
  if (quirk.versions?.every((version) => !spoken.includes(version)))
    return `means nothing without DTLS ${quirk.versions.join(' or ')}`;
  return undefined;
}
