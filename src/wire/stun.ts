/**
 * STUN messages (RFC 8489) with every attribute of STUN, ICE (RFC 8445) and TURN (RFC 8656). Addresses come out as they
 * are, not XORed; an attribute nobody knows is kept byte for byte, and so is padding that is not zero, because integrity
 * covers it. What is only framed here is proved in `stunIntegrity.ts`; which attributes count behind an integrity
 * attribute, `counted` says.
 */
import { concat, fromUtf8, toHex, uintBytes, utf8 } from '../base/bytes.ts';
import { type IpBytes, ipText, type SocketAddress } from '../base/ip.ts';
import {
  bytes,
  type Codec,
  cite,
  encode,
  type Infer,
  labelled,
  many,
  named,
  opaque,
  type Reader,
  rest,
  struct,
  u8,
  u16,
  u32,
  vector,
} from '../codec/codec.ts';
import { nameIn, type Registry } from './registry.ts';
import {
  opaqueStunAttributes,
  passwordAlgorithms,
  type StunClass,
  stunClasses,
  stunErrors,
  stunMethods,
  transports,
} from './stunRegistry.ts';

/** Bytes of a STUN header. */
export const stunHeaderLength = 20;
export const transactionIdLength = 12;
const magicCookie = 0x2112a442;
const cookieBytes = uintBytes(magicCookie, 4);

/** The 14 bits of a method and a class, which are mixed on the wire (RFC 8489 §5). */
export function messageType(method: number, cls: StunClass): number {
  const bits = classBits[cls];
  return (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2) | ((bits & 1) << 4) | ((bits & 2) << 7);
}
const classBits = { request: 0, indication: 1, success: 2, error: 3 } as const satisfies Record<StunClass, number>;

export const methodOf = (type: number): number => (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80);
export function classOf(type: number): StunClass {
  const bits = ((type >> 4) & 1) | ((type >> 7) & 2);
  return bits === 0 ? 'request' : bits === 1 ? 'indication' : bits === 2 ? 'success' : 'error';
}
const methodName = nameIn(stunMethods, 3);
/** "Binding request", "Allocate error". */
export const messageTypeName = (type: number): string =>
  `${methodName(methodOf(type))} ${stunClasses[classBits[classOf(type)]]}`;

const type: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = r.uint(2);
    if (value > 0x3fff) r.fail('bad-value', 'the first two bits are not zero', at);
    return value;
  },
  write: (w, value) => {
    if (value > 0x3fff) throw new RangeError(`message type ${value} does not fit in 14 bits`);
    w.uint(value, 2);
  },
  label: messageTypeName,
  see: 'RFC 8489 §5',
};

/** Without it the message would be of RFC 3489, which has neither integrity as we know it nor XORed addresses. */
const cookie: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = r.uint(4);
    if (value !== magicCookie) r.fail('bad-value', 'the magic cookie is missing', at);
    return value;
  },
  write: (w) => w.uint(magicCookie, 4),
  see: 'RFC 8489 §5',
};

/** Attributes are padded, so the length of all is a multiple of four: the third sign of STUN (RFC 8489 §5). */
const messageLength: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = r.uint(2);
    if (value % 4 !== 0) r.fail('bad-length', `length ${value} is not a multiple of 4`, at);
    return value;
  },
  write: (w, value) => w.uint(value, 2),
};

/** A transport address in an attribute; `family` is 1 for IPv4, 2 for IPv6. */
export interface AddressBody {
  readonly reserved: number;
  readonly family: number;
  readonly port: number;
  readonly address: IpBytes;
}
const families = { 1: 'IPv4', 2: 'IPv6' } as const satisfies Registry;

/** The body that says `address`, for MAPPED-ADDRESS and all of the XOR kind. */
export const addressBody = ({ ip, port }: SocketAddress): AddressBody => ({
  reserved: 0,
  family: ip.length === 4 ? 1 : 2,
  port,
  address: ip,
});
export const socketAddress = (body: AddressBody): SocketAddress => ({ ip: body.address, port: body.port });

const xored = (value: Uint8Array, mask: Uint8Array | undefined): Uint8Array =>
  mask ? value.map((byte, i) => byte ^ (mask[i] ?? 0)) : value;

/** MAPPED-ADDRESS, or with a mask (cookie and transaction ID) XOR-MAPPED-ADDRESS and its kin. */
const addressWith = (see: string, mask: Uint8Array | undefined): Codec<AddressBody> => {
  const portMask = mask ? ((mask[0] ?? 0) << 8) | (mask[1] ?? 0) : 0;
  const port: Codec<number> = {
    read: (r) => r.uint(2) ^ portMask,
    write: (w, value) => w.uint(value ^ portMask, 2),
    label: String,
  };
  const family: Codec<number> = {
    ...named(u8, nameIn(families, 2)),
    read(r) {
      const at = r.pos;
      const value = r.uint(1);
      if (value !== 1 && value !== 2) r.fail('bad-value', `address family ${value} is neither IPv4 nor IPv6`, at);
      return value;
    },
  };
  const address = (length: number): Codec<Uint8Array> => {
    const plain = bytes(length);
    return {
      read: (r) => xored(plain.read(r), mask),
      write: (w, value) => plain.write(w, xored(value, mask)),
      label: ipText,
    };
  };
  return vectorOf({
    read: (r) => {
      const reserved = r.field('reserved', u8);
      const kind = r.field('family', family);
      return {
        reserved,
        family: kind,
        port: r.field('port', port),
        address: r.field('address', address(kind === 1 ? 4 : 16)),
      };
    },
    write: (w, value) => {
      u8.write(w, value.reserved);
      family.write(w, value.family);
      port.write(w, value.port);
      address(value.family === 1 ? 4 : 16).write(w, value.address);
    },
    see,
  });
};

/** An attribute's length and value; padding stands behind it and is not counted. */
const vectorOf = <T>(inner: Codec<T>): Codec<T> => vector(0, 0xffff, inner);
const raw: Codec<Uint8Array> = opaque(0, 0xffff);
const text: Codec<Uint8Array> = labelled(raw, fromUtf8);
const flag: Codec<Record<never, never>> = vectorOf(struct({}));

const errorReason = {
  class: u8,
  number: u8,
  reason: labelled(rest, fromUtf8),
};
const errorNames: Registry = stunErrors;
const errorLabel = ({ class: hundreds, number }: { readonly class: number; readonly number: number }): string => {
  const code = (hundreds & 7) * 100 + number;
  const name = errorNames[code];
  return name === undefined ? String(code) : `${code} ${name}`;
};
const errorCode = labelled(vectorOf(cite('RFC 8489 §14.8', struct({ reserved: u16, ...errorReason }))), errorLabel);

/** Bytes that fill up to a multiple of four; kept only when they are not zero, as RFC 5769's are. */
const paddingAfter = (length: number): number => -length & 3;
const isZero = (value: Uint8Array): boolean => value.every((byte) => byte === 0);
function readPadding(r: Reader, length: number): Uint8Array | undefined {
  const size = paddingAfter(length);
  if (size === 0) return undefined;
  const padding = r.field('padding', bytes(size));
  return isZero(padding) ? undefined : padding;
}
const zeros = new Uint8Array(3);

export interface PasswordAlgorithm {
  readonly algorithm: number;
  readonly parameters: Uint8Array;
  readonly padding?: Uint8Array;
}
const passwordAlgorithm: Codec<PasswordAlgorithm> = {
  read(r) {
    const algorithm = r.field('algorithm', named(u16, nameIn(passwordAlgorithms)));
    const parameters = r.field('parameters', raw);
    const padding = readPadding(r, parameters.length);
    return { algorithm, parameters, ...(padding && { padding }) };
  },
  write(w, value) {
    w.uint(value.algorithm, 2);
    raw.write(w, value.parameters);
    const size = paddingAfter(value.parameters.length);
    w.put(value.padding ?? zeros.subarray(0, size));
  },
  see: 'RFC 8489 §14.11',
};

const familyByte = named(u8, nameIn(families, 2));
const hex = <T extends Uint8Array>(inner: Codec<T>): Codec<T> => labelled(inner, toHex);

/** An HMAC-SHA256, which may be cut down to 16 bytes, in steps of four. */
const cutHmac: Codec<Uint8Array> = {
  read(r) {
    if (r.left < 16 || r.left > 32 || r.left % 4 !== 0) r.fail('bad-length', `${r.left} bytes are no HMAC-SHA256`);
    return r.take(r.left);
  },
  write: (w, value) => w.put(value),
  label: toHex,
};

/** Attributes whose layout is the same in every message. */
const plain = {
  'MAPPED-ADDRESS': [0x0001, addressWith('RFC 8489 §14.1', undefined)],
  'CHANGE-REQUEST': [0x0003, vectorOf(cite('RFC 5780 §7.2', struct({ flags: u32 })))],
  USERNAME: [0x0006, cite('RFC 8489 §14.3', text)],
  'MESSAGE-INTEGRITY': [0x0008, vectorOf(cite('RFC 8489 §14.5', struct({ hmac: hex(bytes(20)) })))],
  'ERROR-CODE': [0x0009, errorCode],
  'UNKNOWN-ATTRIBUTES': [
    0x000a,
    vectorOf(
      cite(
        'RFC 8489 §14.9',
        struct({
          types: many(
            'type',
            named(u16, (code) => stunAttributeName(code)),
          ),
        }),
      ),
    ),
  ],
  'CHANNEL-NUMBER': [0x000c, vectorOf(cite('RFC 8656 §18.1', struct({ channel: u16, reserved: u16 })))],
  LIFETIME: [0x000d, vectorOf(cite('RFC 8656 §18.2', struct({ seconds: labelled(u32, (s) => `${s} s`) })))],
  DATA: [0x0013, cite('RFC 8656 §18.4', raw)],
  REALM: [0x0014, cite('RFC 8489 §14.9', text)],
  NONCE: [0x0015, cite('RFC 8489 §14.10', text)],
  'REQUESTED-ADDRESS-FAMILY': [
    0x0017,
    vectorOf(cite('RFC 8656 §18.6', struct({ family: familyByte, reserved: bytes(3) }))),
  ],
  'EVEN-PORT': [0x0018, vectorOf(cite('RFC 8656 §18.7', struct({ reserve_next: u8 })))],
  'REQUESTED-TRANSPORT': [
    0x0019,
    vectorOf(cite('RFC 8656 §18.8', struct({ protocol: named(u8, nameIn(transports, 2)), reserved: bytes(3) }))),
  ],
  'DONT-FRAGMENT': [0x001a, cite('RFC 8656 §18.9', flag)],
  'ACCESS-TOKEN': [0x001b, cite('RFC 7635 §6.2', raw)],
  'MESSAGE-INTEGRITY-SHA256': [0x001c, vectorOf(cite('RFC 8489 §14.6', struct({ hmac: cutHmac })))],
  'PASSWORD-ALGORITHM': [0x001d, vectorOf(passwordAlgorithm)],
  USERHASH: [0x001e, vectorOf(cite('RFC 8489 §14.4', struct({ hash: hex(bytes(32)) })))],
  'RESERVATION-TOKEN': [0x0022, vectorOf(cite('RFC 8656 §18.10', struct({ token: hex(bytes(8)) })))],
  PRIORITY: [0x0024, vectorOf(cite('RFC 8445 §16.1', struct({ priority: u32 })))],
  'USE-CANDIDATE': [0x0025, cite('RFC 8445 §16.1', flag)],
  PADDING: [0x0026, cite('RFC 5780 §7.6', raw)],
  'RESPONSE-PORT': [0x0027, vectorOf(cite('RFC 5780 §7.5', struct({ port: u16, reserved: rest })))],
  'CONNECTION-ID': [0x002a, vectorOf(cite('RFC 6062 §6.2.1', struct({ id: hex(bytes(4)) })))],
  'ADDITIONAL-ADDRESS-FAMILY': [
    0x8000,
    vectorOf(cite('RFC 8656 §18.11', struct({ family: familyByte, reserved: bytes(3) }))),
  ],
  'ADDRESS-ERROR-CODE': [
    0x8001,
    labelled(
      vectorOf(cite('RFC 8656 §18.12', struct({ family: familyByte, reserved: u8, ...errorReason }))),
      errorLabel,
    ),
  ],
  'PASSWORD-ALGORITHMS': [
    0x8002,
    vectorOf(cite('RFC 8489 §14.11', struct({ algorithms: many('algorithm', passwordAlgorithm) }))),
  ],
  'ALTERNATE-DOMAIN': [0x8003, cite('RFC 8489 §14.16', text)],
  ICMP: [
    0x8004,
    vectorOf(cite('RFC 8656 §18.13', struct({ reserved: u16, type_and_code: u16, error_data: hex(bytes(4)) }))),
  ],
  SOFTWARE: [0x8022, cite('RFC 8489 §14.14', text)],
  'ALTERNATE-SERVER': [0x8023, addressWith('RFC 8489 §14.15', undefined)],
  'CACHE-TIMEOUT': [0x8027, vectorOf(cite('RFC 5780 §7.1', struct({ seconds: u32 })))],
  FINGERPRINT: [0x8028, vectorOf(cite('RFC 8489 §14.7', struct({ crc: u32 })))],
  'ICE-CONTROLLED': [0x8029, vectorOf(cite('RFC 8445 §16.1', struct({ tie_breaker: hex(bytes(8)) })))],
  'ICE-CONTROLLING': [0x802a, vectorOf(cite('RFC 8445 §16.1', struct({ tie_breaker: hex(bytes(8)) })))],
  'RESPONSE-ORIGIN': [0x802b, addressWith('RFC 5780 §7.3', undefined)],
  'OTHER-ADDRESS': [0x802c, addressWith('RFC 5780 §7.4', undefined)],
  'THIRD-PARTY-AUTHORIZATION': [0x802e, cite('RFC 7635 §6.1', text)],
  'MOBILITY-TICKET': [0x8030, cite('RFC 8016 §3.3', raw)],
  // How libwebrtc numbers its nominations (never standardised): a controlled side takes the pair with the largest.
  'GOOG-NOMINATION': [0xc001, vectorOf(struct({ nomination: u32 }))],
} as const;

/** Attributes that are XORed with the cookie and the transaction ID. */
const xorAttributes = {
  'XOR-PEER-ADDRESS': [0x0012, 'RFC 8656 §18.3'],
  'XOR-RELAYED-ADDRESS': [0x0016, 'RFC 8656 §18.5'],
  'XOR-MAPPED-ADDRESS': [0x0020, 'RFC 8489 §14.2'],
} as const;

type Plain = typeof plain;
type Bodies = { [K in keyof Plain]: Infer<Plain[K][1]> } & { [K in keyof typeof xorAttributes]: AddressBody };
/** Attributes whose bodies are read, by the name that IANA gives them. */
export type StunAttributeKind = keyof Bodies;
export type StunBody<K extends StunAttributeKind> = Bodies[K];

/** Bytes that stand behind an attribute's value and are not zero, as they should be. */
interface Padded {
  readonly padding?: Uint8Array;
}
export type StunAttribute = Padded &
  (
    | { [K in StunAttributeKind]: { readonly kind: K; readonly body: Bodies[K] } }[StunAttributeKind]
    | { readonly kind: 'unknown'; readonly code: number; readonly body: Uint8Array }
  );

type Known = { readonly kind: StunAttributeKind; readonly body: (mask: Uint8Array) => Codec<unknown> };
const byCode = new Map<number, Known>();
const codes = new Map<string, number>();
for (const [kind, [code, body]] of Object.entries(plain)) {
  byCode.set(code, { kind: kind as StunAttributeKind, body: () => body as Codec<unknown> });
  codes.set(kind, code);
}
for (const [kind, [code, see]] of Object.entries(xorAttributes)) {
  byCode.set(code, { kind: kind as StunAttributeKind, body: (mask) => addressWith(see, mask) as Codec<unknown> });
  codes.set(kind, code);
}

const opaqueName = nameIn(opaqueStunAttributes);
/** "XOR-MAPPED-ADDRESS", or the number of one that nobody has named. */
export const stunAttributeName = (code: number): string => byCode.get(code)?.kind ?? opaqueName(code);
/** The number of an attribute, known or not. */
export const stunAttributeCode = (attribute: StunAttribute): number =>
  attribute.kind === 'unknown' ? attribute.code : (codes.get(attribute.kind) ?? 0);

const attributeType = named(u16, stunAttributeName);
const attributeWith = (mask: Uint8Array): Codec<StunAttribute> => ({
  read(r) {
    const code = r.field('type', attributeType);
    const known = byCode.get(code);
    const start = r.pos + 2;
    const body = r.field('value', known ? known.body(mask) : raw);
    const padding = readPadding(r, r.pos - start);
    return {
      ...(known ? { kind: known.kind } : { kind: 'unknown', code }),
      body,
      ...(padding && { padding }),
    } as StunAttribute;
  },
  write(w, value) {
    const code = stunAttributeCode(value);
    w.uint(code, 2);
    const known = value.kind === 'unknown' ? undefined : byCode.get(code);
    const encoded = encode<unknown>(known ? known.body(mask) : raw, value.body);
    w.put(encoded);
    const size = paddingAfter(encoded.length - 2);
    if (value.padding && value.padding.length !== size) throw new RangeError(`padding takes ${size} bytes`);
    w.put(value.padding ?? zeros.subarray(0, size));
  },
  label: (value) => stunAttributeName(stunAttributeCode(value)),
  see: 'RFC 8489 §14',
});

export interface StunMessage {
  /** Method and class: `methodOf`, `classOf`, `messageType`. */
  readonly message_type: number;
  /** 12 bytes. */
  readonly transaction_id: Uint8Array;
  readonly attributes: readonly StunAttribute[];
}

const transactionId = hex(bytes(transactionIdLength));

/** A whole STUN message, as it stands alone in a datagram. */
export const stunMessage: Codec<StunMessage> = {
  read(r) {
    const message_type = r.field('message_type', type);
    const length = r.field('message_length', messageLength);
    r.field('magic_cookie', cookie);
    const transaction_id = r.field('transaction_id', transactionId);
    const list = many('attribute', attributeWith(concat(cookieBytes, transaction_id)));
    const attributes = r.within(length, () => r.field('attributes', list));
    return { message_type, transaction_id, attributes };
  },
  write(w, value) {
    const list = many('attribute', attributeWith(concat(cookieBytes, value.transaction_id)));
    const body = encode(list, [...value.attributes]);
    type.write(w, value.message_type);
    w.uint(body.length, 2);
    w.put(cookieBytes);
    transactionId.write(w, value.transaction_id);
    w.put(body);
  },
  label: (value) => messageTypeName(value.message_type),
  see: 'RFC 8489 §5',
};

/** The body of the first attribute of a kind: a second one means nothing (RFC 8489 §14). */
export function find<K extends StunAttributeKind>(
  attributes: readonly StunAttribute[],
  kind: K,
): StunBody<K> | undefined {
  const found = attributes.find((attribute) => attribute.kind === kind);
  return found && (found.body as StunBody<K>);
}

/**
 * What counts of a message whose integrity is proved by the last of the integrity attributes that are known: behind
 * MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT do, behind that only FINGERPRINT (RFC 8489 §14.5, §14.6).
 */
export function counted(attributes: readonly StunAttribute[]): readonly StunAttribute[] {
  let after: 'nothing' | 'sha1' | 'sha256' = 'nothing';
  return attributes.filter(({ kind }) => {
    if (kind === 'MESSAGE-INTEGRITY-SHA256' && after !== 'sha256') {
      after = 'sha256';
      return true;
    }
    if (kind === 'MESSAGE-INTEGRITY' && after === 'nothing') {
      after = 'sha1';
      return true;
    }
    return after === 'nothing' || kind === 'FINGERPRINT';
  });
}

/** Codes of attributes that must be understood and that the codec does not know (RFC 8489 §6.3: below 0x8000). */
export const notUnderstood = (attributes: readonly StunAttribute[]): number[] =>
  attributes.flatMap((one) => (one.kind === 'unknown' && one.code < 0x8000 ? [one.code] : []));

/** The number that an ERROR-CODE says: 100 to 799 in what is well-formed. */
export const errorNumber = (body: StunBody<'ERROR-CODE'>): number => (body.class & 7) * 100 + body.number;
/** The body of an ERROR-CODE with the phrase that the RFCs give it. */
export const errorBody = (code: keyof typeof stunErrors): StunBody<'ERROR-CODE'> => ({
  reserved: 0,
  class: Math.floor(code / 100),
  number: code % 100,
  reason: utf8(stunErrors[code]),
});
