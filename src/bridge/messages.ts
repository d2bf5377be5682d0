/**
 * What panel, background and helper say to each other. Every end tells its protocol version first: the helper is
 * installed apart and will be of another age. Binary travels as base64 in JSON (native messaging knows nothing else).
 * Validation of what comes in stands beside these types in `bridge/parse.ts`; nothing unparsed is believed.
 */

/** Same major: they can talk. A capability is asked for by name. */
export const protocolVersion = { major: 1, minor: 0 } as const;

/** Largest message that the helper sends (Chromium kills the port at 1 MiB). Bytes. */
export const helperMessageBytes = 512 * 1024;

/** Background to helper. Every request with an `id` gets exactly one `ok` or `error` with that id. */
export type ToHelper =
  | {
      readonly kind: 'hello';
      readonly protocol: { readonly major: number; readonly minor: number };
      readonly client: string;
    }
  | { readonly kind: 'resolve'; readonly id: number; readonly host: string }
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly socket: number;
      readonly family: 4 | 6;
      readonly bind: string | undefined;
    }
  | { readonly kind: 'send'; readonly socket: number; readonly datagrams: readonly OutgoingDatagram[] }
  | { readonly kind: 'close'; readonly id: number; readonly socket: number };
export interface OutgoingDatagram {
  readonly packet: number;
  readonly address: string;
  readonly port: number;
  readonly data: string;
}

/** Helper to background. Times are the helper's monotonic clock, ms with fractions. */
export type FromHelper =
  | {
      readonly kind: 'hello';
      readonly protocol: { readonly major: number; readonly minor: number };
      readonly helper: string;
      readonly capabilities: readonly string[];
      readonly platform: string;
      readonly now: number;
      readonly limits: HelperLimits;
    }
  | {
      readonly kind: 'ok';
      readonly id: number;
      readonly addresses?: readonly { readonly address: string; readonly family: 4 | 6 }[];
      readonly local?: { readonly address: string; readonly port: number };
    }
  | {
      readonly kind: 'error';
      readonly id: number | undefined;
      readonly socket: number | undefined;
      readonly code: HelperErrorCode;
      readonly message: string;
    }
  | {
      readonly kind: 'events';
      readonly socket: number;
      readonly events: readonly SocketEvent[];
      readonly counters: SocketCounters;
    };
export type SocketEvent =
  | {
      readonly kind: 'received';
      readonly at: number;
      readonly address: string;
      readonly port: number;
      readonly data: string;
    }
  | { readonly kind: 'sent'; readonly at: number; readonly packet: number }
  | {
      readonly kind: 'failed';
      readonly at: number;
      readonly packet: number;
      readonly code: HelperErrorCode;
      readonly message: string;
    };
export interface SocketCounters {
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  readonly droppedDatagrams: number;
}
export interface HelperLimits {
  readonly datagramBytes: number;
  readonly sockets: number;
  readonly unansweredDatagrams: number;
  readonly unansweredBytes: number;
  readonly datagramsPerSecond: number;
}

/** Numbers are stable: documentation and support quote them. */
export const helperErrors = {
  protocolMismatch: 100,
  badMessage: 101,
  messageTooLarge: 102,
  forbiddenOrigin: 103,
  notGreeted: 104,
  unknownSocket: 200,
  socketInUse: 201,
  tooManySockets: 202,
  bindFailed: 203,
  resolveFailed: 210,
  forbiddenAddress: 220,
  datagramTooLarge: 221,
  floodBeforeAnswer: 222,
  rateExceeded: 223,
  sendFailed: 230,
  refused: 231,
  tooBig: 232,
} as const;
export type HelperErrorCode = (typeof helperErrors)[keyof typeof helperErrors];
