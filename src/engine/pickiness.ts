/**
 * Endpoints that take offence at what they should step over (`Faults.refuses`): looked for in each message before the
 * handshake takes it. What does not parse is the handshake's to say.
 */
import { type Codec, tryDecode } from '../codec/codec.ts';
import { signatureScheme } from '../crypto/schemes.ts';
import type { Pickiness } from '../profiles/model.ts';
import { findExtension } from '../wire/extensions.ts';
import { certificateRequest12, certificateRequest13, clientHello, helloVerifyRequest } from '../wire/handshake.ts';
import { versionNumber } from '../wire/registry.ts';
import type { EndpointConfig } from './api.ts';
import type { Failure } from './failure.ts';
import type { Message } from './machine.ts';

/** What an endpoint refuses without need; `undefined` when there is nothing. */
export function pickyAbout({
  faults,
}: EndpointConfig): ((signal: string, message: Message) => Failure | undefined) | undefined {
  const refuses = faults?.refuses ?? [];
  if (refuses.length === 0) return undefined;
  return (signal, message) => {
    for (const one of refuses) {
      const failure = refusals[one](signal, message);
      if (failure) return failure;
    }
    return undefined;
  };
}

const refusals: Readonly<Record<Pickiness, (signal: string, message: Message) => Failure | undefined>> = {
  'unknown-signature-algorithm': (signal, message) => {
    const unknown = signatureAlgorithms(signal, message).find((scheme) => signatureScheme(scheme) === undefined);
    return unknown === undefined
      ? undefined
      : {
          fault: 'peer',
          code: 'malformed',
          message: signal,
          at: 0,
          why: `signature algorithm 0x${unknown.toString(16).padStart(4, '0')} is not known`,
        };
  },
  'hello-verify-version': (signal, message) => {
    const version = signal === 'hello_verify_request' ? read(helloVerifyRequest, message)?.server_version : undefined;
    return version === versionNumber['1.0']
      ? { fault: 'mismatch', code: 'version', offered: [versionNumber['1.2']], supported: [version] }
      : undefined;
  },
  // One that is not shown has no dates: three bytes say so, and one of the context in DTLS 1.3.
  certificate: (signal, { body }) =>
    signal === 'certificate' && body.length > 4
      ? { fault: 'peer', code: 'bad-certificate', what: 'it is held to be expired', alert: 'certificate_expired' }
      : undefined,
};

function signatureAlgorithms(signal: string, message: Message): readonly number[] {
  if (signal === 'client_hello')
    return (
      findExtension(read(clientHello, message)?.extensions, 'signature_algorithms')?.supported_signature_algorithms ??
      []
    );
  if (signal !== 'certificate_request') return [];
  // In DTLS 1.3 it comes under keys.
  return message.epoch === 0
    ? (read(certificateRequest12, message)?.supported_signature_algorithms ?? [])
    : (findExtension(read(certificateRequest13, message)?.extensions, 'signature_algorithms')
        ?.supported_signature_algorithms ?? []);
}

function read<T>(codec: Codec<T>, message: Message): T | undefined {
  const decoded = tryDecode(codec, message.body);
  return decoded.ok ? decoded.value : undefined;
}
