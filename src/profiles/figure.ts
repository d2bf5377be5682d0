/** Figures and their sources, and reading them. */
import type { Figure } from './model.ts';

/** Seen on the wire; `from` says of which version, and when or in which capture. */
export const measured = <T>(value: T, from: string): Figure<T> => ({ basis: 'measured', value, from });
/** Read in the stack's source or documentation; `from` names the place. */
export const inSource = <T>(value: T, from: string): Figure<T> => ({ basis: 'read in source', value, from });
export const unmeasured: Figure<never> = { basis: 'unmeasured' };

/** What is known; `undefined` where nobody has looked. */
export const known = <T>(figure: Figure<T>): T | undefined =>
  figure.basis === 'unmeasured' ? undefined : figure.value;
