/**
 * Before anybody is the peer of a server: ClientHellos from whoever sends them, put together in a bounded pool, and answers
 * to somebody for whom nothing is kept (RFC 6347 §4.2.1, RFC 9147 §5.1). Who has proved nothing can't end anything.
 */
import type { Instant } from '../base/time.ts';
import { encode } from '../codec/codec.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { alert } from '../wire/record.ts';
import { alertDescriptions, ContentType, HandshakeType, numberIn } from '../wire/registry.ts';
import type { DatagramContents, EndpointConfig, EngineEvent, PeerAddress } from './api.ts';
import { alertFor, type Failure, type Ignored, ignored } from './failure.ts';
import type { Flights } from './flights.ts';
import { type Fragment, HelloPool } from './inbox.ts';
import type { Message } from './machine.ts';
import { cutFlight, writePlaintext } from './packing.ts';
import type { RecordLayer } from './records.ts';

/** A ClientHello and where it came from, before anything is proved. */
export interface FirstHello {
  readonly from: PeerAddress;
  readonly message: Message;
  /** The record number it came under: a server's first answers repeat it (RFC 6347 §4.2.1). */
  readonly recordNumber: number;
  /** Bytes of it that came in its first fragment. */
  readonly firstFragment: number;
}

/** What the doorstep needs of the association. */
export interface DoorstepHost {
  readonly config: EndpointConfig;
  readonly records: RecordLayer;
  readonly flights: Flights;
  /** Hands a complete hello on; while that lasts, it is `hello`. */
  readonly step: (message: Message) => void;
  readonly transmit: (to: PeerAddress, bytes: Uint8Array, contents: DatagramContents) => void;
  readonly event: (event: EngineEvent) => void;
}

/** AlertLevel.fatal (RFC 5246 §7.2). */
const fatal = 2;

export class Doorstep {
  readonly #host: DoorstepHost;
  readonly #pool: HelloPool;
  #hello: FirstHello | undefined;

  constructor(host: DoorstepHost) {
    this.#host = host;
    this.#pool = new HelloPool(host.config.limits, host.config.faults);
  }

  /** The hello that is being handled, while no peer is proved. */
  get hello(): FirstHello {
    if (!this.#hello) throw new Error('there is no first hello');
    return this.#hello;
  }
  /** Whose hello is being handled. */
  get from(): PeerAddress | undefined {
    return this.#hello?.from;
  }
  /** Bytes kept. */
  get size(): number {
    return this.#pool.size;
  }

  /** Takes a fragment from somebody: only ClientHellos count (RFC 6347 §4.2.1). */
  take(fragment: Fragment, recordNumber: number, from: PeerAddress, now: Instant): Ignored {
    if (fragment.type !== HandshakeType.clientHello)
      return ignored('unexpected-content', handshakeTypeName(fragment.type));
    const { got, message, firstFragment } = this.#pool.accept(from, fragment, now);
    if (message) {
      this.#hello = { from, message, recordNumber, firstFragment };
      this.#host.step(message);
      this.#hello = undefined;
      return undefined;
    }
    if (got !== 'fresh') return ignored(got, 'client_hello');
    this.#host.event({ kind: 'unverified-hello', from, bytes: this.#pool.size, total: fragment.total });
    return undefined;
  }

  /** Sends one handshake message to somebody for whom nothing is kept, under the numbers of what it answers. */
  answer(hello: FirstHello, flight: number, type: number, body: Uint8Array): void {
    const { records, flights, transmit } = this.#host;
    const part = { kind: 'message', epoch: 0, type, seq: hello.message.seq, body } as const;
    const cut = { mtu: flights.mtu, packing: 'record', fragment: undefined } as const;
    cutFlight([part], records, cut).forEach(([planned], i) => {
      if (!planned) return;
      const number = hello.recordNumber + i;
      const record = { epoch: 0, sequenceNumber: number, type: planned.type, fragments: planned.fragments };
      const plaintext = new Uint8Array(planned.length);
      writePlaintext(planned, plaintext, 0);
      const bytes = records.sealStateless(record.type, number, plaintext);
      transmit(hello.from, bytes, { flight, attempt: 0, records: [record] });
    });
  }

  /** Refuses somebody for whom nothing is kept, and goes on listening. */
  refuse(hello: FirstHello, failure: Failure): void {
    const { records, transmit, event } = this.#host;
    const name = alertFor(failure);
    const description = name && numberIn(alertDescriptions, name);
    if (description === undefined) return;
    const number = hello.recordNumber;
    const bytes = records.sealStateless(ContentType.alert, number, encode(alert, { level: fatal, description }));
    const record = { epoch: 0, sequenceNumber: number, type: ContentType.alert, fragments: [] };
    transmit(hello.from, bytes, { flight: 0, attempt: 0, records: [record] });
    event({ kind: 'alert', direction: 'sent', level: fatal, description });
  }

  clear(): void {
    this.#pool.clear();
  }
}
