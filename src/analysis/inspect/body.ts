/** The body of a handshake message as fields, with certificates and names taken apart down to what they say. */
import type { Range } from '../../base/ranges.ts';
import { type BodyContext, bodyCodec, handshakeTypeName } from '../../wire/handshake.ts';
import { groups, HandshakeType, nameIn } from '../../wire/registry.ts';
import { certificateFields, nameText } from '../../x509/fields.ts';
import { type Draft, fieldsOf, leaf, shifted } from './draft.ts';
import { countText } from './text.ts';

/** Bodies that are taken apart; a larger one is shown as bytes, so that a forged one can't fill the memory with fields. */
const largestBody = 2 ** 16;
/** Certificates of a chain that are taken apart; real chains have three or four. */
const mostCertificates = 64;

/** A message's body in [start, end) of a buffer. */
export function bodyFields(type: number, context: BodyContext, bytes: Uint8Array, [start, end]: Range): Draft {
  const name = handshakeTypeName(type);
  const see = bodyCodec(type, context).see;
  if (end - start > largestBody) {
    const problem = `${countText(end - start, 'byte')} are more than dtlscope takes apart`;
    return { ...leaf(name, start, end, { see }), children: [leaf('data', start, end, { kind: 'unread', problem })] };
  }
  const { draft, value } = fieldsOf(bodyCodec(type, settled(type, context, bytes.subarray(start, end))), name, bytes, [
    start,
    end,
  ]);
  switch (type) {
    case HandshakeType.certificate: {
      let count = 0;
      const opened = (field: Draft): Draft => (count++ < mostCertificates ? withCertificate(field, bytes) : field);
      return mapped(draft, ['certificate', 'cert_data'], opened);
    }
    case HandshakeType.certificateRequest:
      return mapped(draft, ['authority'], (field) => named(field, nameText(dataOf(field, bytes))));
    case HandshakeType.serverKeyExchange:
      return mapped(draft, ['public'], (field) => named(field, publicKeyLabel(value)));
    default:
      return draft;
  }
}

/** Where the hellos were not seen, the layout that fits: nearly every handshake of WebRTC is 1.2 with ECDHE. */
function settled(type: number, context: BodyContext, body: Uint8Array): BodyContext {
  const likely: readonly BodyContext[] = [
    context,
    { version: context.version ?? '1.2', keyExchange: context.keyExchange ?? 'ecdhe' },
    { version: context.version ?? '1.0', keyExchange: context.keyExchange ?? 'ecdhe' },
  ];
  if (context.version !== undefined && context.keyExchange !== undefined) return context;
  const fits = likely
    .slice(1)
    .find((one) => fieldsOf(bodyCodec(type, one), '', body, [0, body.length]).value !== undefined);
  return fits ?? context;
}

/** Every field of such a name, wherever it is, put through `change`; in order, and not into what it made. */
function mapped(draft: Draft, names: readonly string[], change: (field: Draft) => Draft): Draft {
  // The message itself may have the name of its elements.
  const children = draft.children.map((child) =>
    names.includes(child.name.replace(/\[\d+\]$/, '')) ? change(child) : mapped(child, names, change),
  );
  return draft.children.length === 0 ? draft : { ...draft, children };
}

const named = (field: Draft, label: string | undefined): Draft => (label === undefined ? field : { ...field, label });

/** The bytes of an opaque field, behind its length. */
function dataOf(field: Draft, bytes: Uint8Array): Uint8Array {
  const data = field.children.find(({ name }) => name === 'data');
  return data ? bytes.subarray(data.start, data.end) : new Uint8Array(0);
}

function withCertificate(field: Draft, bytes: Uint8Array): Draft {
  let subject: string | undefined;
  const children = field.children.map((child) => {
    if (child.name !== 'data') return child;
    const draft = shifted(certificateFields(bytes.subarray(child.start, child.end)), child.start);
    const body = draft.children.find(({ name }) => name === 'tbsCertificate');
    subject = body?.children.find(({ name }) => name === 'subject')?.label;
    return draft;
  });
  return named({ ...field, children }, subject);
}

function publicKeyLabel(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('params' in value)) return undefined;
  const { params } = value;
  if (typeof params !== 'object' || params === null || !('named_curve' in params)) return undefined;
  return typeof params.named_curve === 'number' ? `${nameIn(groups)(params.named_curve)} public key` : undefined;
}
