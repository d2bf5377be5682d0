/** Runs: a scenario, a transport and a clock give a trace. */
export type * from './api.ts';
export { VirtualClock } from './clock.ts';
export { type RunSpec, runLimits, startRun } from './driver.ts';
export { type Judged, judgedOf, unmet } from './expectation.ts';
export { Gateway, type GatewaySpec } from './gateway.ts';
export { givingSessions } from './givingSessions.ts';
export type { Fetch } from './http.ts';
export { type Attempt, attemptOf, type Hunt, hunt } from './hunt.ts';
export { type Listener, type ListenerSpec, listen } from './listener.ts';
export { OfferedSignalling, type OfferedSpec } from './offered.ts';
export { smallerPayload } from './pathPayloads.ts';
export { type Found, type PathRunSpec, type Search, startPathRun } from './pathRun.ts';
export {
  announcedFingerprints,
  announcedFor,
  askedOfPath,
  configFor,
  headerFor,
  signalledConfig,
  simulatedDelayMs,
  simulationFor,
} from './scenario.ts';
export { findSignalledPath, type Settled, type SignalledSpec } from './signalledPath.ts';
export {
  type Borrowed,
  type BorrowedSignalling,
  type Hangup,
  readHangup,
  type Signalling,
  textSignalling,
  whipSignalling,
} from './signalling.ts';
export { type SimulationSpec, simulate, simulatedAddress, simulatedRun } from './simulate.ts';
export { simulatedCredentials, simulationCredentials } from './simulationCredentials.ts';
export { leadingFinding, storyTrace, storyUnmet, type Told } from './stories.ts';
export {
  type ReadHandshake,
  readHandshakes,
  type Sample,
  type Shaken,
  type SimulatedShake,
  sampleOf,
  shakeSimulated,
} from './sweep/sample.ts';
export { runSweep, type SweepProgress, type SweepSpec } from './sweep/sweep.ts';
export { findTurnPath, type TurnPathSpec, turnCredentials } from './turnPath.ts';
export { type RelayNews, TurnRelay } from './turnRelay.ts';
