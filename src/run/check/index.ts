/** Checks of a live peer: the table, what it costs, and how it is gone through. */
import { afterwardsChecks, beginningAnew } from './afterwards.ts';
import { certificateChecks } from './certificates.ts';
import { cookieChecks, crowdChecks } from './cookies.ts';
import { fragmentChecks } from './fragments.ts';
import { helloChecks } from './hellos.ts';
import { lossChecks } from './losses.ts';
import { negotiationChecks } from './negotiation.ts';
import type { Table } from './plan.ts';
import { reachingChecks } from './reaching.ts';
import { recordChecks } from './records.ts';
import { sizeChecks } from './sizes.ts';
import { timerChecks } from './timers.ts';

export type { Ground, Trial } from './ground.ts';
export * from './model.ts';
export { costOf, costOfAll, reachingCost, type Table } from './plan.ts';
export { type CheckEvent, type Checking, type CheckingSpec, startChecking } from './session.ts';
export { type SimulatedGroundSpec, simulatedGround } from './simulated.ts';

/** All checks, in the order in which they are made. */
export const checks: Table = [
  ...reachingChecks,
  ...cookieChecks,
  ...timerChecks,
  ...lossChecks,
  ...fragmentChecks,
  ...recordChecks,
  ...sizeChecks,
  ...helloChecks,
  ...negotiationChecks,
  ...certificateChecks,
  ...afterwardsChecks,
  ...crowdChecks,
  ...beginningAnew,
];
