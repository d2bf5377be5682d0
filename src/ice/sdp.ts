/** Session descriptions: read with every ICE and DTLS fact and fault, compared, and written for our side. */

export { readCandidate } from './sdpAttribute.ts';
export type * from './sdpModel.ts';
export { problemsBetween } from './sdpProblems.ts';
export { readDescription, sdpLimits, unwrap } from './sdpRead.ts';
export { answerSetup, decideRoles, type Roles, rolesOf } from './sdpRoles.ts';
export { giveBack, readSetup, type StandIn, standIn, type TakenCandidate, takeCandidates } from './sdpStandIn.ts';
export { usableFingerprints } from './sdpText.ts';
export { unusableBecause } from './sdpUsable.ts';
export {
  type AnswerResult,
  formatCandidate,
  formatSdpFingerprint,
  type MediaKind,
  type OfferSpec,
  type OwnCandidate,
  type OwnSide,
  writeAnswer,
  writeOffer,
} from './sdpWrite.ts';
