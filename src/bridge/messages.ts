/**
 * What background and helper say to each other. Both tell their protocol version first: the helper is installed apart and
 * will be of another age. Binary travels as base64 in JSON (native messaging knows nothing else). Validation of what comes
 * in stands beside these types in `bridge/parse.ts`; nothing unparsed is believed. The panel's messages: `bridge/panel.ts`.
 */

/** Same major: they can talk. A capability is asked for by name. */
export const protocolVersion = { major: 1, minor: 0 } as const;

export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}

/** Largest message that the helper sends (Chromium kills the port at 1 MiB). Bytes of JSON. */
export const helperMessageBytes = 512 * 1024;

/** Largest message that the helper reads. Bytes of JSON. */
export const helperRequestBytes = 1024 * 1024;

/** Most datagrams in one `send`; with whole-MTU datagrams this stays far below `helperRequestBytes`. */
export const sendBatchDatagrams = 256;

/** What a helper may be able to do; unknown names from a newer one are kept and ignored. */
export const helperCapabilities = ['udp4', 'udp6', 'resolve', 'clock', 'port-unreachable'] as const;
export type HelperCapability = (typeof helperCapabilities)[number];

/** Background to helper. Every request with an `id` gets exactly one `ok` or `error` with that id. */
export type ToHelper =
  | { readonly kind: 'hello'; readonly protocol: ProtocolVersion; readonly client: string }
  /** All addresses of a name, as the system's resolver orders them. */
  | { readonly kind: 'resolve'; readonly id: number; readonly host: string }
  /** What the helper's clock says, for mapping its times onto another clock. */
  | { readonly kind: 'clock'; readonly id: number }
  | {
      readonly kind: 'open';
      readonly id: number;
      /** The opener's number for the socket, free until it is closed. */
      readonly socket: number;
      readonly family: 4 | 6;
      /** Local address; without one, any. */
      readonly bind?: string;
      /** Local port; without one, a free one. */
      readonly port?: number;
      /** Whom it will write to first: the answer's `local` then is our address as seen from there. */
      readonly peer?: { readonly address: string; readonly port: number };
    }
  /** Each datagram gets one `sent` or `failed` event. */
  | { readonly kind: 'send'; readonly socket: number; readonly datagrams: readonly OutgoingDatagram[] }
  | { readonly kind: 'close'; readonly id: number; readonly socket: number };
export interface OutgoingDatagram {
  readonly packet: number;
  /** An IP address; names are resolved first. */
  readonly address: string;
  readonly port: number;
  readonly data: string;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Helper to background. Times are the helper's monotonic clock, ms with fractions. */
export type FromHelper =
  | {
      readonly kind: 'hello';
      readonly protocol: ProtocolVersion;
      readonly helper: string;
      readonly capabilities: readonly string[];
      readonly platform: string;
      readonly now: number;
      readonly limits: HelperLimits;
    }
  | {
      readonly kind: 'ok';
      readonly id: number;
      readonly addresses?: readonly ResolvedAddress[];
      readonly local?: { readonly address: string; readonly port: number };
      readonly now?: number;
    }
  | {
      readonly kind: 'error';
      readonly id?: number;
      readonly socket?: number;
      /** A number of `helperErrors`, or one of a newer helper. */
      readonly code: number;
      readonly message: string;
    }
  | {
      readonly kind: 'events';
      readonly socket: number;
      readonly events: readonly SocketEvent[];
      readonly counters: SocketCounters;
    }
  /**
   * The last message, and not the helper's own: its launcher, a shell script, tells how the helper ended when it did not
   * end well. `stderr` is the end of its standard error, as hexadecimal digits, since a shell can escape nothing safely.
   */
  | {
      readonly kind: 'exited';
      readonly reason: 'node-missing' | 'helper-missing' | 'ended';
      readonly code: number | null;
      readonly signal: string | null;
      readonly stderr: string;
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
  /** `refused` and `tooBig` may come after the datagram's `sent`: the network's answer takes its time. It does not say
   * which datagram it answers; `packet` is the likeliest one. */
  | {
      readonly kind: 'failed';
      readonly at: number;
      readonly packet: number;
      readonly code: number;
      readonly message: string;
    };
export interface SocketCounters {
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  /** Received, and thrown away because the browser did not read fast enough. */
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
export type HelperErrorName = keyof typeof helperErrors;
export type HelperErrorCode = (typeof helperErrors)[HelperErrorName];

/** The name of an error number; undefined for a number that only a newer helper knows. */
export function helperErrorName(code: number): HelperErrorName | undefined {
  for (const [name, value] of Object.entries(helperErrors)) if (value === code) return name as HelperErrorName;
  return undefined;
}
