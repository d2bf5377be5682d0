import { describe, expect, it } from 'vitest';
import { failureText } from '../../src/diagnosis/failures.ts';
import type { Failure } from '../../src/engine/index.ts';

/** One of each: the compiler asks for an example of every code that the engine has. */
const examples: { readonly [C in Failure['code']]: Extract<Failure, { readonly code: C }> } = {
  'unexpected-message': { fault: 'peer', code: 'unexpected-message', got: 'finished', expected: ['certificate'] },
  malformed: { fault: 'peer', code: 'malformed', message: 'certificate', at: 3, why: 'too short' },
  'illegal-parameter': { fault: 'peer', code: 'illegal-parameter', message: 'server_hello', what: 'a group' },
  'unsupported-extension': { fault: 'peer', code: 'unsupported-extension', extension: 5 },
  'missing-extension': { fault: 'peer', code: 'missing-extension', message: 'client_hello', extension: 51 },
  'bad-signature': { fault: 'peer', code: 'bad-signature', message: 'certificate_verify' },
  'bad-finished': { fault: 'peer', code: 'bad-finished' },
  'bad-certificate': { fault: 'peer', code: 'bad-certificate', what: 'the chain is empty' },
  'certificate-missing': { fault: 'peer', code: 'certificate-missing' },
  'fingerprint-mismatch': { fault: 'peer', code: 'fingerprint-mismatch', expected: ['aa'], got: 'bb' },
  alert: { fault: 'peer', code: 'alert', level: 2, description: 40 },
  version: { fault: 'mismatch', code: 'version', offered: [0xfeff], supported: [0xfefd] },
  'no-common-suite': { fault: 'mismatch', code: 'no-common-suite', offered: [0xc02b], supported: [] },
  'no-common-group': { fault: 'mismatch', code: 'no-common-group', offered: [29], supported: [] },
  'no-common-signature': { fault: 'mismatch', code: 'no-common-signature', offered: [0x0403] },
  'no-extended-master-secret': { fault: 'mismatch', code: 'no-extended-master-secret' },
  'no-application-protocol': { fault: 'mismatch', code: 'no-application-protocol', offered: ['webrtc'] },
  unsupported: { fault: 'local', code: 'unsupported', what: 'group ffdhe2048' },
  'timed-out': { fault: 'network', code: 'timed-out', flight: 3, attempts: 12 },
  'sequence-exhausted': { fault: 'local', code: 'sequence-exhausted' },
  'key-worn-out': { fault: 'local', code: 'key-worn-out', what: 'too many records' },
  misuse: { fault: 'local', code: 'misuse', what: 'send in state idle' },
};

describe('every reason to give up', () => {
  it.each(Object.values(examples))('is put into words: $code', (failure) => {
    const text = failureText({ ...failure });
    expect(text).not.toBe(failure.code);
    expect(text).not.toContain('?');
    expect(text).not.toContain('undefined');
  });
});
