/** All rules, in the order in which findings of the same severity are shown: causes before circumstances. */
import type { Rule } from '../model.ts';
import { alertExplained } from './alertExplained.ts';
import { bothActive } from './bothActive.ts';
import { bothPassive } from './bothPassive.ts';
import { clientHelloFragmentedUnanswered } from './clientHelloFragmentedUnanswered.ts';
import { cookieThenSilence } from './cookieThenSilence.ts';
import { datagramExceedsMtu } from './datagramExceedsMtu.ts';
import { datagramTruncated } from './datagramTruncated.ts';
import { dtlsOffPath } from './dtlsOffPath.ts';
import { fingerprintMatch } from './fingerprintMatch.ts';
import { fingerprintMismatch } from './fingerprintMismatch.ts';
import { flightLost } from './flightLost.ts';
import { flightUnsplit } from './flightUnsplit.ts';
import { fragmentLost } from './fragmentLost.ts';
import { helloBeforeIce } from './helloBeforeIce.ts';
import { icePairSwitched } from './icePairSwitched.ts';
import { incompleteCapture } from './incompleteCapture.ts';
import { largeDatagramsVanish } from './largeDatagramsVanish.ts';
import { lastFlightLost } from './lastFlightLost.ts';
import { peerSilent } from './peerSilent.ts';
import { postQuantumKeyShare } from './postQuantumKeyShare.ts';
import { retransmissionNormal } from './retransmissionNormal.ts';
import { stunIntoDtls } from './stunIntoDtls.ts';
import { versionMismatch } from './versionMismatch.ts';
import { weakParameters } from './weakParameters.ts';

export const rules: readonly Rule[] = [
  fingerprintMismatch,
  bothPassive,
  bothActive,
  stunIntoDtls,
  dtlsOffPath,
  versionMismatch,
  alertExplained,
  datagramTruncated,
  largeDatagramsVanish,
  cookieThenSilence,
  clientHelloFragmentedUnanswered,
  datagramExceedsMtu,
  flightUnsplit,
  fragmentLost,
  flightLost,
  lastFlightLost,
  icePairSwitched,
  helloBeforeIce,
  peerSilent,
  weakParameters,
  incompleteCapture,
  postQuantumKeyShare,
  retransmissionNormal,
  fingerprintMatch,
];
