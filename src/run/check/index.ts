/** Checks of a live peer: the table, what it costs, and how it is gone through. */
import type { Table } from './plan.ts';
import { reachingChecks } from './reaching.ts';
import { timerChecks } from './timers.ts';

export type { Ground, Trial } from './ground.ts';
export * from './model.ts';
export { costOf, costOfAll, reachingCost, type Table } from './plan.ts';
export { type CheckEvent, type Checking, type CheckingSpec, startChecking } from './session.ts';
export { type SimulatedGroundSpec, simulatedGround } from './simulated.ts';

/** All checks, in the order in which they are made. */
export const checks: Table = [...reachingChecks, ...timerChecks];
