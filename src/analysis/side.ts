/** What a reading remembers of one side beyond its messages: record numbers, epochs, and how far it has come. */
import { toHex } from '../base/bytes.ts';
import type { PacketNumber, TraceTime } from '../trace/model.ts';
import type { KnownRecord } from './acks.ts';
import type { Placed } from './flights.ts';
import type { CertificateView, RecordGap } from './model.ts';
import { type Draft, numberKey } from './pending.ts';
import { RecordNumbers } from './recordNumbers.ts';
import type { Slice } from './records.ts';
import { SealedFlight } from './sealed.ts';

export interface FinishedSeen {
  readonly at: TraceTime;
  readonly packet: PacketNumber;
  /** Place among all that was read. */
  readonly order: number;
  /** Decrypted, or told by the endpoint that sent it. */
  readonly read: boolean;
}

/** A record that was met before, by number or, where that is masked, by its first bytes. */
interface SeenRecord extends KnownRecord {
  readonly fragment: Uint8Array;
  readonly at: TraceTime;
  readonly placed: Placed | undefined;
}

/** What one side did, beyond its messages. */
export class Side {
  /** Of epoch 0, and of epoch 2 of DTLS 1.3, which begins with 0 (RFC 9147 §4.2.1). */
  readonly numbers: Readonly<Record<0 | 2, RecordNumbers>> = { 0: new RecordNumbers(), 2: new RecordNumbers() };
  readonly copies = new Map<number | string, SeenRecord>();
  changeCipherSpecAt: TraceTime | undefined;
  finished: FinishedSeen | undefined;
  /** Ciphertext length of its encrypted Finished: repetitions have the same. */
  finishedLength: number | undefined;
  /** First application data, and the order of it. */
  applicationDataAt: TraceTime | undefined;
  readonly sealedFlight = new SealedFlight();
  /** The last closed record of epoch 2 of DTLS 1.3 that is part of a flight: where its Finished must be, once it is done. */
  sealed: FinishedSeen | undefined;
  /**
   * First record of epoch 3 of DTLS 1.3, or of a later one, that is no alert: the side has finished, and is content with
   * what it got (RFC 9147 §6.1).
   */
  epoch3At: TraceTime | undefined;
  /** The same, behind the other side's Finished; or an ACK of that. */
  confirmedAt: TraceTime | undefined;
  /** First alert of epoch 3 of DTLS 1.3, or of a later one. */
  closedAt: TraceTime | undefined;
  chain: readonly CertificateView[] = [];

  constructor() {
    this.numbers[2].expect(0);
  }

  /** Whether it uses record numbers twice, so that they tell nothing. */
  get reusesNumbers(): boolean {
    return this.numbers[0].reused || this.numbers[2].reused;
  }

  get gaps(): readonly Omit<RecordGap, 'from'>[] {
    return ([0, 2] as const).flatMap((epoch) => this.numbers[epoch].gaps.map((gap) => ({ epoch, ...gap })));
  }
}

/**
 * Under which a record is remembered: its number, or where that is masked its first bytes, which are as good as unique.
 * Records of epochs that no handshake reaches are not remembered.
 */
export function copyKey(slice: Slice, view: Draft): number | string | undefined {
  if (view.epoch > mostEpochs) return undefined;
  return numberKey(view) ?? toHex(slice.fragment.subarray(0, 16));
}
const mostEpochs = 15;
