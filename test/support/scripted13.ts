/**
 * Captures of DTLS 1.3 made to order: the messages and secrets of a recorded handshake, cut, packed, lost, repeated and
 * acknowledged as a test wants. Records are sealed anew, with fresh numbers; headers of messages are written by hand.
 */
import { concatAll, uintBytes } from '../../src/base/bytes.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { type HeaderForm, type RecordCipher13, recordProtection13 } from '../../src/crypto/protection13.ts';
import { keySchedule, type Side, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { type Reading13, type RecordingName, readRecording } from './dtls13.ts';
import { captureHeader } from './traces.ts';

/** A record to be sent. */
export interface Part {
  readonly epoch: number;
  readonly type: number;
  readonly content: Uint8Array;
}

/** Epoch and record number, as ACKs name them. */
export type Number13 = readonly [epoch: number, sequenceNumber: number];

export const alert = (level: number, description: number, epoch = 3): Part => ({
  epoch,
  type: 21,
  content: Uint8Array.of(level, description),
});
export const data = (length: number, epoch = 3): Part => ({ epoch, type: 23, content: new Uint8Array(length).fill(7) });
export const ackOf = (numbers: readonly Number13[], epoch = 3): Part => ({
  epoch,
  type: 26,
  content: concatAll([
    uintBytes(16 * numbers.length, 2),
    ...numbers.flatMap(([of, number]) => [uintBytes(of, 8), uintBytes(number, 8)]),
  ]),
});

/** Opening a recording takes longer than making a capture of it. */
const readings = new Map<RecordingName, Reading13>();

export class Script13 {
  readonly reading: Reading13;
  readonly #ciphers = new Map<string, RecordCipher13>();
  readonly #next = new Map<string, number>();
  readonly #events: TraceEvent[] = [];
  readonly #forms: Partial<Record<Side, HeaderForm>>;
  #packet = 0;

  constructor(name: RecordingName = 'dtls13_nss_mutual_pq', forms: Partial<Record<Side, HeaderForm>> = {}) {
    const reading = readings.get(name) ?? readRecording(name, nodeProvider);
    readings.set(name, reading);
    this.reading = reading;
    this.#forms = forms;
  }

  /** A message of the recording as records, each with at most `most` bytes of its body. */
  message(from: Side, type: number, most = 1e6): Part[] {
    const found = this.reading.messages.findLast((one) => one.from === from && one.type === type);
    if (!found) throw new Error(`no message ${type} of the ${from}`);
    return this.made(from, type, found.seq, found.body, most, found.epoch);
  }

  /** A message with any body. */
  made(_from: Side, type: number, seq: number, body: Uint8Array, most = 1e6, epoch = 2): Part[] {
    const parts: Part[] = [];
    for (let at = 0; at === 0 || at < body.length; at += most) {
      const piece = body.subarray(at, at + most);
      const header = [uintBytes(type, 1), uintBytes(body.length, 3), uintBytes(seq, 2), uintBytes(at, 3)];
      parts.push({ epoch, type: 22, content: concatAll([...header, uintBytes(piece.length, 3), piece]) });
    }
    return parts;
  }

  /** The server's flight but for its ServerHello, or the client's last. */
  flight(from: Side, most = 1e6): Part[] {
    const own = this.reading.messages.filter((one) => one.from === from && one.epoch === 2);
    return own.flatMap(({ type, seq, body }) => this.made(from, type, seq, body, most));
  }

  /** Sends a datagram. What is `lost` takes record numbers and is not in the capture. */
  send(at: number, from: Side, parts: readonly Part[], how: 'seen' | 'lost' = 'seen'): Number13[] {
    const numbers: Number13[] = [];
    const bytes = concatAll(parts.map((part) => this.#seal(from, part, numbers)));
    if (how === 'lost') return numbers;
    const [client, server] = ['192.0.2.1:5000', '192.0.2.2:4433'];
    const [src, dst] = from === 'client' ? [client, server] : [server, client];
    const length = bytes.length;
    this.#events.push({
      kind: 'datagram',
      at,
      packet: ++this.#packet,
      src,
      dst,
      from: undefined,
      bytes,
      length,
      contents: undefined,
    });
    return numbers;
  }

  /** Both hellos, each in as many datagrams as it takes with `most` bytes a record. */
  hellos(at: number, most = 1e6): void {
    for (const part of this.message('client', 1, most)) this.send(at, 'client', [part]);
    for (const part of this.message('server', 2, most)) this.send(at + 10, 'server', [part]);
  }

  trace(keys: 'with keys' | 'without keys', labels: (label: string) => boolean = () => true): Trace {
    const hello = this.reading.messages.find(({ type }) => type === 1);
    const clientRandom = hello?.body.subarray(2, 34) ?? new Uint8Array(32);
    const secrets = [...this.reading.secrets]
      .filter(([label]) => labels(label))
      .map(([label, secret]): TraceEvent => ({ kind: 'secret', at: 0, label, clientRandom, secret }));
    return { header: captureHeader, events: keys === 'with keys' ? [...secrets, ...this.#events] : [...this.#events] };
  }

  #seal(from: Side, { epoch, type, content }: Part, numbers: Number13[]): Uint8Array {
    const slot = `${from} ${epoch}`;
    const sequenceNumber = this.#next.get(slot) ?? 0;
    this.#next.set(slot, sequenceNumber + 1);
    numbers.push([epoch, sequenceNumber]);
    if (epoch > 0) return this.#cipher(from, epoch).protect({ type, sequenceNumber }, content);
    const version = [uintBytes(type, 1), uintBytes(0xfefd, 2), uintBytes(0, 2)];
    return concatAll([...version, uintBytes(sequenceNumber, 6), uintBytes(content.length, 2), content]);
  }

  #cipher(from: Side, epoch: number): RecordCipher13 {
    const slot = `${from} ${epoch}`;
    const known = this.#ciphers.get(slot);
    if (known) return known;
    const { suite } = this.reading;
    const form = this.#forms[from];
    const inputs = { provider: nodeProvider, suite, secret: this.#secret(from, epoch), epoch };
    const made = recordProtection13({ ...inputs, ...(form && { form }) });
    this.#ciphers.set(slot, made);
    return made;
  }

  #secret(from: Side, epoch: number): Uint8Array {
    const logged = this.reading.secrets.get(trafficSecretLabel(from, epoch) ?? '');
    if (logged) return logged;
    if (epoch <= 3) throw new Error(`no secret of the ${from} for epoch ${epoch}`);
    return keySchedule(nodeProvider, this.reading.suite.hash).nextTrafficSecret(this.#secret(from, epoch - 1));
  }
}
