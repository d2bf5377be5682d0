/**
 * A quirk: one way to be broken, as stacks in the field are or were. It changes an endpoint's settings or gives it faults
 * (`Faults`), and nothing else; terminal, form, simulation and documents take all that they know of it from its row.
 */
import type { EndpointConfig, Role } from '../../engine/api.ts';
import type { Faults } from '../../profiles/model.ts';
import type { Version } from '../../wire/registry.ts';

export const quirkGroups = {
  repeating: 'Repeating',
  datagrams: 'Datagrams and records',
  reading: 'Reading',
  cookies: 'Cookies and hellos',
  messages: 'Messages and keys',
  agreeing: 'What is agreed',
  roles: 'Roles and associations',
} as const;
export type QuirkGroup = keyof typeof quirkGroups;

/** What a quirk may need to know of the settings that it changes. Which ones those are never hangs on it. */
export type Before = Pick<EndpointConfig, 'mtu' | 'clientAuth' | 'cipherSuites' | 'credentials'>;

export interface Quirk {
  readonly group: QuirkGroup;
  /** What it does, in one line without a full stop. */
  readonly about: string;
  /** Only this role can have it; both when undefined. */
  readonly role?: Role;
  /** Versions in which it shows; both when undefined. */
  readonly versions?: readonly Version[];
  /** Numbers of the failures in the field that it acts out. */
  readonly rows: readonly string[];
  /** The finding that a trace of it should have, where what it needs to show happens; `undefined` where it is no fault by itself. */
  readonly finding?: string;
  readonly faults?: Faults;
  /** The settings that it takes away from the options. */
  readonly settings?: (config: Before) => Partial<EndpointConfig>;
  /** Only who listens for many clients can have it: `serve`. */
  readonly listens?: true;
  /** What its description in signalling says wrongly. */
  readonly announces?: 'wrong-fingerprint';
}
