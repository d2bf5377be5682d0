/** All rules, in the order in which findings of the same severity are shown: causes before circumstances. */
import type { Rule } from '../model.ts';
import { alertExplained } from './alertExplained.ts';
import { alertUnreadable } from './alertUnreadable.ts';
import { bothActive } from './bothActive.ts';
import { bothPassive } from './bothPassive.ts';
import { certificateRequestWithoutEcdsa } from './certificateRequestWithoutEcdsa.ts';
import { certificateSuiteMismatch } from './certificateSuiteMismatch.ts';
import { certificateValidity } from './certificateValidity.ts';
import { clientHelloFiltered } from './clientHelloFiltered.ts';
import { clientHelloFragmentedUnanswered } from './clientHelloFragmentedUnanswered.ts';
import { cookieNotStable } from './cookieNotStable.ts';
import { cookieThenSilence } from './cookieThenSilence.ts';
import { datagramExceedsMtu } from './datagramExceedsMtu.ts';
import { datagramTruncated } from './datagramTruncated.ts';
import { dtlsOffPath } from './dtlsOffPath.ts';
import { emptyCertificateAuthorities } from './emptyCertificateAuthorities.ts';
import { emptyClientCertificate } from './emptyClientCertificate.ts';
import { extendedMasterSecretMissing } from './extendedMasterSecretMissing.ts';
import { fingerprintMatch } from './fingerprintMatch.ts';
import { fingerprintMismatch } from './fingerprintMismatch.ts';
import { fingerprintUnusable } from './fingerprintUnusable.ts';
import { finishedDecryptFailure } from './finishedDecryptFailure.ts';
import { flightLost } from './flightLost.ts';
import { flightUnsplit } from './flightUnsplit.ts';
import { fragmentLost } from './fragmentLost.ts';
import { helloBeforeIce } from './helloBeforeIce.ts';
import { helloBeforeNomination } from './helloBeforeNomination.ts';
import { helloChangedAfterCookie } from './helloChangedAfterCookie.ts';
import { iceNoPath } from './iceNoPath.ts';
import { icePairSwitched } from './icePairSwitched.ts';
import { incompleteCapture } from './incompleteCapture.ts';
import { interleavedHandshakes } from './interleavedHandshakes.ts';
import { junkOnTimeout } from './junkOnTimeout.ts';
import { keyUpdateUnacknowledged } from './keyUpdateUnacknowledged.ts';
import { keyUpdateUnread } from './keyUpdateUnread.ts';
import { largeDatagramsVanish } from './largeDatagramsVanish.ts';
import { lastFlightLost } from './lastFlightLost.ts';
import { noCommonGroup } from './noCommonGroup.ts';
import { noCommonSrtpProfile } from './noCommonSrtpProfile.ts';
import { noCommonSuite } from './noCommonSuite.ts';
import { noPmtuBackoff } from './noPmtuBackoff.ts';
import { oneRecordPerDatagram } from './oneRecordPerDatagram.ts';
import { onlyServerHelloAcknowledged } from './onlyServerHelloAcknowledged.ts';
import { peerNeverRetransmits } from './peerNeverRetransmits.ts';
import { peerSilent } from './peerSilent.ts';
import { postQuantumKeyShare } from './postQuantumKeyShare.ts';
import { recordNumberReused } from './recordNumberReused.ts';
import { recordSplitAcrossDatagrams } from './recordSplitAcrossDatagrams.ts';
import { refragmentedRetransmission } from './refragmentedRetransmission.ts';
import { renegotiationInfoMissing } from './renegotiationInfoMissing.ts';
import { reorderingStalls } from './reorderingStalls.ts';
import { retransmissionNormal } from './retransmissionNormal.ts';
import { retransmissionStorm } from './retransmissionStorm.ts';
import { rtoBelowRtt } from './rtoBelowRtt.ts';
import { setupAmbiguous } from './setupAmbiguous.ts';
import { severalMessagesInRecord } from './severalMessagesInRecord.ts';
import { signatureMismatch } from './signatureMismatch.ts';
import { slowLink } from './slowLink.ts';
import { srtpNotNegotiated } from './srtpNotNegotiated.ts';
import { staleAssociation } from './staleAssociation.ts';
import { stepFailed } from './stepFailed.ts';
import { stunIntoDtls } from './stunIntoDtls.ts';
import { tinyFragments } from './tinyFragments.ts';
import { turnPermissionMissing } from './turnPermissionMissing.ts';
import { unknownSignatureAlgorithm } from './unknownSignatureAlgorithm.ts';
import { versionFromFirstFragment } from './versionFromFirstFragment.ts';
import { versionMismatch } from './versionMismatch.ts';
import { weakParameters } from './weakParameters.ts';

export const rules: readonly Rule[] = [
  fingerprintMismatch,
  bothPassive,
  bothActive,
  stunIntoDtls,
  dtlsOffPath,
  versionMismatch,
  noCommonSuite,
  certificateSuiteMismatch,
  noCommonGroup,
  extendedMasterSecretMissing,
  renegotiationInfoMissing,
  unknownSignatureAlgorithm,
  certificateRequestWithoutEcdsa,
  emptyClientCertificate,
  emptyCertificateAuthorities,
  interleavedHandshakes,
  datagramTruncated,
  signatureMismatch,
  srtpNotNegotiated,
  noCommonSrtpProfile,
  certificateValidity,
  finishedDecryptFailure,
  alertExplained,
  alertUnreadable,
  recordSplitAcrossDatagrams,
  largeDatagramsVanish,
  onlyServerHelloAcknowledged,
  helloChangedAfterCookie,
  cookieNotStable,
  cookieThenSilence,
  clientHelloFragmentedUnanswered,
  staleAssociation,
  keyUpdateUnacknowledged,
  keyUpdateUnread,
  stepFailed,
  junkOnTimeout,
  peerNeverRetransmits,
  recordNumberReused,
  refragmentedRetransmission,
  reorderingStalls,
  severalMessagesInRecord,
  datagramExceedsMtu,
  noPmtuBackoff,
  flightUnsplit,
  fragmentLost,
  flightLost,
  lastFlightLost,
  icePairSwitched,
  iceNoPath,
  helloBeforeIce,
  helloBeforeNomination,
  peerSilent,
  turnPermissionMissing,
  clientHelloFiltered,
  fingerprintUnusable,
  setupAmbiguous,
  oneRecordPerDatagram,
  weakParameters,
  retransmissionStorm,
  rtoBelowRtt,
  slowLink,
  tinyFragments,
  versionFromFirstFragment,
  incompleteCapture,
  postQuantumKeyShare,
  retransmissionNormal,
  fingerprintMatch,
];
