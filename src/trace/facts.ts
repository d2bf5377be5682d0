/**
 * The engine's facts as the trace keeps them. The trace may not import the engine (a capture has none), so these shapes
 * stand here, and the engine's own are assignable to them; a type test keeps it so.
 */
export interface DatagramContents {
  readonly flight: number;
  readonly attempt: number;
  readonly records: readonly {
    readonly epoch: number;
    readonly sequenceNumber: number;
    readonly type: number;
    readonly fragments: readonly {
      readonly message: number;
      readonly messageSeq: number;
      readonly offset: number;
      readonly length: number;
      readonly total: number;
    }[];
  }[];
}

/** An engine's failure: a blame, a code, and whatever else that code carries (plain JSON values). */
export type Failure = { readonly fault: 'peer' | 'mismatch' | 'network' | 'local'; readonly code: string } & {
  readonly [detail: string]: unknown;
};

export interface TraceParameters {
  readonly version: string;
  readonly cipherSuite: number;
  readonly group: number | undefined;
  readonly peerSignature: number | undefined;
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
  readonly extendedMasterSecret: boolean;
  /** A session of before was taken up again. */
  readonly resumed?: boolean | undefined;
  /** RFC 7366, for CBC suites. */
  readonly encryptThenMac?: boolean | undefined;
}
