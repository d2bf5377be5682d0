/**
 * Fields of handshake messages, and where they stand in the datagrams: rules about what was offered and agreed point at
 * the very bytes. Bodies are a stranger's: what does not decode has no fields, and the whole message is the evidence.
 */
import type { Handshake, MessageView } from '../analysis/model.ts';
import type { Range } from '../base/ranges.ts';
import { type Codec, dissect, tryDecode } from '../codec/codec.ts';
import type { FieldNode } from '../codec/tree.ts';
import type { PacketRange } from '../trace/buffers.ts';
import type { Actor } from '../trace/model.ts';
import { extensionCode, findExtension } from '../wire/extensions.ts';
import {
  bodyCodec,
  certificate,
  certificate13,
  certificateRequest10,
  certificateRequest12,
  certificateRequest13,
  encryptedExtensions,
  serverHello,
} from '../wire/handshake.ts';
import { type Version, versionNumber } from '../wire/registry.ts';
import { shownEvidence } from './story.ts';

/** The newest whole message of a side with this RFC name. */
export const messageOf = ({ messages }: Handshake, from: Actor, name: string): MessageView | undefined =>
  messages.findLast((message) => message.from === from && message.name === name && message.complete);

const decoded = <T>(codec: Codec<T>, body: Uint8Array): T | undefined => {
  const result = tryDecode(codec, body);
  return result.ok ? result.value : undefined;
};

/** DTLS version of a handshake as the layouts of messages go by it. */
export const versionOf = ({ parameters }: Handshake): Version | undefined =>
  Object.keys(versionNumber).find((version): version is Version => version === parameters.version);

/** Where bytes of a message stand in the datagrams that brought them first; of what is encrypted the whole record. */
export function placesOf(handshake: Handshake, message: MessageView, [start, end]: Range): PacketRange[] {
  const places: PacketRange[] = [];
  for (const { packet, buffer, from, records } of handshake.datagrams) {
    // A stranger may have cut a message into thousands of fragments.
    if (places.length >= shownEvidence) break;
    if (from !== message.from) continue;
    for (const record of records) {
      for (const fragment of record.fragments) {
        const [first, last] = [Math.max(start, fragment.offset), Math.min(end, fragment.offset + fragment.length)];
        if (fragment.messageKey !== message.key || fragment.newBytes === 0 || first >= last) continue;
        const shift = fragment.start - fragment.offset;
        places.push(
          record.content?.buffer === buffer
            ? { packet, start: first + shift, end: last + shift }
            : { packet, start: record.start, end: record.end },
        );
      }
    }
  }
  return places;
}

/** Of a message the field of this name, or all of it where it has none. */
export const fieldPlaces = (handshake: Handshake, message: MessageView | undefined, name: string): PacketRange[] =>
  message
    ? placesOf(
        handshake,
        message,
        rangeWhere(handshake, message, (node) => node.name === name),
      )
    : [];

/** Of a message the extension with this number, or all of it where it has none. */
export const extensionPlaces = (handshake: Handshake, message: MessageView | undefined, code: number): PacketRange[] =>
  message
    ? placesOf(
        handshake,
        message,
        rangeWhere(handshake, message, ({ children }) =>
          children.some(({ name, value }) => name === 'extension_type' && value === code),
        ),
      )
    : [];

function rangeWhere(handshake: Handshake, message: MessageView, holds: (node: FieldNode) => boolean): Range {
  const codec = bodyCodec(message.message, { version: versionOf(handshake), keyExchange: undefined });
  const node = found(dissect(codec, message.name, message.body).root, holds);
  return node ? [node.start, node.end] : [0, message.total];
}

function found(node: FieldNode, holds: (node: FieldNode) => boolean): FieldNode | undefined {
  if (holds(node)) return node;
  for (const child of node.children) {
    const inner = found(child, holds);
    if (inner) return inner;
  }
  return undefined;
}

/** Where the server says what it agrees on, and the numbers of the extensions there; in DTLS 1.3 that needs keys. */
export function answerOf(
  handshake: Handshake,
): { readonly message: MessageView; readonly extensions: readonly number[] } | undefined {
  const name = handshake.parameters.version === '1.3' ? 'encrypted_extensions' : 'server_hello';
  const message = messageOf(handshake, 'server', name);
  if (!message) return undefined;
  if (name === 'encrypted_extensions') {
    const extensions = decoded(encryptedExtensions, message.body)?.extensions;
    return extensions && { message, extensions: extensions.map((one) => extensionCode('encrypted_extensions', one)) };
  }
  const hello = decoded(serverHello, message.body);
  return hello && { message, extensions: (hello.extensions ?? []).map((one) => extensionCode('server_hello', one)) };
}

/** What a server asks of the client's certificate. */
export interface CertificateAsked {
  readonly message: MessageView;
  /** ClientCertificateType; DTLS 1.3 has none. */
  readonly types: readonly number[] | undefined;
  readonly signatureSchemes: readonly number[];
}

export function certificateAsked(handshake: Handshake): CertificateAsked | undefined {
  const message = messageOf(handshake, 'server', 'certificate_request');
  if (!message) return undefined;
  const version = versionOf(handshake);
  if (version === '1.3') {
    const request = decoded(certificateRequest13, message.body);
    const list = findExtension(request?.extensions, 'signature_algorithms')?.supported_signature_algorithms;
    return request && { message, types: undefined, signatureSchemes: list ?? [] };
  }
  if (version === '1.0') {
    const request = decoded(certificateRequest10, message.body);
    return request && { message, types: request.certificate_types, signatureSchemes: [] };
  }
  const request = decoded(certificateRequest12, message.body);
  return (
    request && {
      message,
      types: request.certificate_types,
      signatureSchemes: request.supported_signature_algorithms,
    }
  );
}

/** A client's Certificate that holds none. */
export function emptyCertificate(handshake: Handshake): MessageView | undefined {
  const message = messageOf(handshake, 'client', 'certificate');
  if (!message) return undefined;
  const chain =
    handshake.parameters.version === '1.3' ? decoded(certificate13, message.body) : decoded(certificate, message.body);
  return chain?.certificate_list.length === 0 ? message : undefined;
}

/**
 * An empty certificate_authorities extension of a CertificateRequest of DTLS 1.3 (RFC 8446 §4.2.4 asks for one name at
 * least), found by hand, as the message does not decode.
 */
export function emptyAuthorities(
  handshake: Handshake,
): { readonly message: MessageView; readonly range: Range } | undefined {
  const message = messageOf(handshake, 'server', 'certificate_request');
  if (!message || handshake.parameters.version !== '1.3') return undefined;
  const { body } = message;
  const u16 = (at: number): number => (body[at] ?? 0) * 256 + (body[at + 1] ?? 0);
  // Past the context and the length of all extensions.
  for (let at = 1 + (body[0] ?? 0) + 2; at + 4 <= body.length; at += 4 + u16(at + 2)) {
    const length = u16(at + 2);
    const empty = length === 0 || (length === 2 && u16(at + 4) === 0);
    if (u16(at) === certificateAuthorities && empty && at + 4 + length <= body.length)
      return { message, range: [at, at + 4 + length] };
  }
  return undefined;
}
const certificateAuthorities = 47;
