/** What an endpoint of ours gave up for, in words. Codes are the engine's; one that is not known here is still named. */
import type { Failure } from '../trace/facts.ts';
import { groups, nameIn, signatureSchemes, versions } from '../wire/registry.ts';
import { cipherSuiteName } from '../wire/suites.ts';
import { alertText, fewText } from './words.ts';

export const numbers = (value: unknown): readonly number[] =>
  Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
export const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '?';

export function failureText(failure: Failure): string {
  const offered = numbers(failure['offered']);
  switch (failure.code) {
    case 'unexpected-message':
      return `${text(failure['got'])} came where ${fewText(texts(failure['expected']))} was expected`;
    case 'malformed':
      return `${text(failure['message'])} could not be read: ${text(failure['why'])}`;
    case 'illegal-parameter':
      return `${text(failure['message'])} holds what is not allowed: ${text(failure['what'])}`;
    case 'unsupported-extension':
      return `an extension came that was not offered (${text(failure['extension'])})`;
    case 'missing-extension':
      return `${text(failure['message'])} lacks an extension that it needs (${text(failure['extension'])})`;
    case 'bad-signature':
      return `the signature in ${text(failure['message'])} is wrong`;
    case 'bad-finished':
      return 'Finished does not fit the messages before it';
    case 'bad-certificate':
      return `the certificate cannot be used: ${text(failure['what'])}`;
    case 'certificate-missing':
      return 'the peer sent no certificate';
    case 'fingerprint-mismatch':
      return 'the certificate has not the announced fingerprint';
    case 'alert':
      return `alert ${typeof failure['description'] === 'number' ? alertText(failure['description']) : '?'}`;
    case 'version':
      return `no common version: offered ${fewText(offered.map(nameIn(versions)))}`;
    case 'no-common-suite':
      return `no common cipher suite: offered ${fewText(offered.map(cipherSuiteName))}`;
    case 'no-common-group':
      return `no common group: offered ${fewText(offered.map(nameIn(groups)))}`;
    case 'no-common-signature':
      return `no common signature algorithm: offered ${fewText(offered.map(nameIn(signatureSchemes)))}`;
    case 'no-extended-master-secret':
      return 'extended_master_secret is demanded and was not agreed';
    case 'no-application-protocol':
      return `no common application protocol: offered ${fewText(texts(failure['offered']))}`;
    case 'unsupported':
      return `dtlscope cannot do this: ${text(failure['what'])}`;
    case 'timed-out':
      return `gave up on flight ${text(failure['flight'])} after ${text(failure['attempts'])} retransmissions`;
    case 'sequence-exhausted':
      return 'the record numbers are used up';
    case 'key-worn-out':
      return `a key has done all that it may: ${text(failure['what'])}`;
    case 'misuse':
      return `dtlscope was used wrongly: ${text(failure['what'])}`;
    default:
      return failure.code;
  }
}
