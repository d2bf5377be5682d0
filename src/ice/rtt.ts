/** Round-trip times of checks, and the first DTLS timeout that follows from them. */

/** A smoothed round-trip time: a quarter of each new measurement. */
export class RoundTrip {
  #ms: number | undefined;

  get ms(): number | undefined {
    return this.#ms;
  }

  add(ms: number): number {
    this.#ms = this.#ms === undefined ? ms : (3 * this.#ms + ms) / 4;
    return this.#ms;
  }
}

/**
 * The start of DTLS's retransmission timer as libwebrtc sets it from ICE: twice the round-trip time, within 50..3000 ms.
 * RFC 9147 §5.8.2 would say one and a half.
 */
export const dtlsTimeoutFrom = (rttMs: number): number => Math.min(3000, Math.max(50, 2 * rttMs));
