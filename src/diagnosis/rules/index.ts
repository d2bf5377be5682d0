/** All rules, in the order in which findings of the same severity are shown: causes before circumstances. */
import type { Rule } from '../model.ts';
import { alertExplained } from './alertExplained.ts';
import { cookieThenSilence } from './cookieThenSilence.ts';
import { datagramExceedsMtu } from './datagramExceedsMtu.ts';
import { datagramTruncated } from './datagramTruncated.ts';
import { fingerprintMismatch } from './fingerprintMismatch.ts';
import { flightLost } from './flightLost.ts';
import { flightUnsplit } from './flightUnsplit.ts';
import { fragmentLost } from './fragmentLost.ts';
import { incompleteCapture } from './incompleteCapture.ts';
import { largeDatagramsVanish } from './largeDatagramsVanish.ts';
import { peerSilent } from './peerSilent.ts';
import { retransmissionNormal } from './retransmissionNormal.ts';

export const rules: readonly Rule[] = [
  fingerprintMismatch,
  alertExplained,
  datagramTruncated,
  largeDatagramsVanish,
  cookieThenSilence,
  datagramExceedsMtu,
  flightUnsplit,
  fragmentLost,
  flightLost,
  peerSilent,
  incompleteCapture,
  retransmissionNormal,
];
