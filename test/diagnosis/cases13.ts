/** Traces of DTLS 1.3 for rules, each made from a recorded handshake: `cases.ts` says what they are for. */
import { uintBytes } from '../../src/base/bytes.ts';
import type { Trace } from '../../src/trace/model.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { ackOf, alert, data, type Part, Script13 } from '../support/scripted13.ts';
import { captureHeader } from '../support/traces.ts';

type Keys = 'with keys' | 'without keys';

/** The server's flight loses its middle; an ACK names the rest, and only what is missing comes again. */
export const resentAfterAck = (keys: Keys) => (): Trace => {
  const script = new Script13();
  script.hellos(0, 1000);
  const flight = script.flight('server', 300);
  const first = script.send(21, 'server', flight.slice(0, 3));
  script.send(22, 'server', flight.slice(3, 5), 'lost');
  const last = script.send(23, 'server', flight.slice(5));
  script.send(120, 'client', [ackOf([...first, ...last], 2)]);
  script.send(140, 'server', flight.slice(3, 5));
  const finished = script.send(150, 'client', script.flight('client', 300));
  script.send(170, 'server', [ackOf(finished)]);
  script.send(171, 'server', [data(40)]);
  return script.trace(keys);
};

/** A handshake up to the client's last flight, which is sent at `sentAt`. */
function upToFinished(sentAt: readonly number[]): { readonly script: Script13; readonly flight: Part[] } {
  const script = new Script13();
  script.hellos(0, 1000);
  script.send(21, 'server', script.flight('server'));
  const flight = script.flight('client');
  for (const at of sentAt) script.send(at, 'client', flight);
  return { script, flight };
}

/** The server has taken the last flight and sends data, but acknowledges nothing. */
export const neverAcknowledged = (keys: Keys) => (): Trace => {
  const { script, flight } = upToFinished([30]);
  script.send(60, 'server', [data(48)]);
  for (const at of [1030, 3030, 7030]) script.send(at, 'client', flight);
  script.send(7100, 'server', [data(48)]);
  return script.trace(keys);
};

/** Each repetition gets its ACK, and none of them arrives: as the server's end sees it. */
export const acksLost = (): Trace => {
  const { script, flight } = upToFinished([]);
  for (const at of [30, 1030, 3030]) {
    const numbers = script.send(at, 'client', flight);
    script.send(at + 1, 'server', [ackOf(numbers)]);
  }
  return script.trace('with keys');
};

/** One ACK is lost, and the next one is not. */
export const oneAckLost = (): Trace => {
  const { script, flight } = upToFinished([]);
  for (const at of [30, 1030]) {
    const numbers = script.send(at, 'client', flight);
    script.send(at + 1, 'server', [ackOf(numbers)]);
  }
  return script.trace('with keys');
};

/** Nothing of the server behind the client's last flight. */
export const lastFlightUnanswered = (keys: Keys) => (): Trace =>
  upToFinished([30, 1030, 3030, 7030]).script.trace(keys);

/** The client refuses the server's flight under its new keys. */
export const refusedByClient = (description: number, keys: Keys) => (): Trace => {
  const script = new Script13();
  script.hellos(0, 1000);
  script.send(21, 'server', script.flight('server'));
  script.send(30, 'client', [alert(2, description, 2)]);
  return script.trace(keys);
};

/** A ClientHello with a post-quantum key share that nobody answers, in datagrams with `most` bytes of it each. */
export const unansweredHello =
  (most: number, times = 4) =>
  (): Trace => {
    const script = new Script13();
    for (let n = 0; n < times; n++)
      for (const part of script.message('client', 1, most)) script.send(1000 * (2 ** n - 1), 'client', [part]);
    return script.trace('without keys');
  };

/** The same, where the server acknowledges every piece and does nothing else (wolfSSL 5.5). */
export const acknowledgedHello =
  (most: number, times = 4) =>
  (): Trace => {
    const script = new Script13();
    for (let n = 0; n < times; n++) {
      const at = 1000 * (2 ** n - 1);
      const numbers = script.message('client', 1, most).flatMap((part) => script.send(at, 'client', [part]));
      script.send(at + 400, 'server', [ackOf(numbers, 0)]);
    }
    return script.trace('without keys');
  };

/** A hello with small key shares, cut all the same. */
export const helloInPieces = (): Trace => {
  const script = new Script13('psk_chacha20');
  script.hellos(0, 150);
  return script.trace('without keys');
};

/** A post-quantum hello behind a cookie: the small hello before it was answered. */
export const unansweredAfterCookie = (): Trace => {
  const script = new Script13();
  const small: Part = {
    epoch: 0,
    type: 22,
    content: rawFragment({
      type: 1,
      seq: 0,
      body: [0xfe, 0xfd, ...new Array<number>(32).fill(9), 0, 0, 0, 2, 0x13, 1, 1, 0],
    }),
  };
  const verify: Part = { epoch: 0, type: 22, content: rawFragment({ type: 3, seq: 0, body: [0xfe, 0xff, 2, 7, 7] }) };
  script.send(0, 'client', [small]);
  script.send(10, 'server', [verify]);
  const hello = script.reading.messages.find(({ type }) => type === 1);
  const body = Uint8Array.from(hello?.body ?? []);
  // The same client: its random is that of the small hello.
  body.set(new Uint8Array(32).fill(9), 2);
  for (const at of [20, 1020, 3020])
    for (const part of script.made('client', 1, 1, body, 1000, 0)) script.send(at, 'client', [part]);
  return script.trace('without keys');
};

/** The hello is answered, after it came in several datagrams. */
export const answeredHello = (): Trace => {
  const { script } = upToFinished([30]);
  script.send(60, 'server', [ackOf([])]);
  return script.trace('without keys');
};

/** A hello whose extensions end with what is given: type and body. */
const hello = (extensions: readonly number[]): number[] => {
  const head = [0xfe, 0xfd, ...new Array<number>(32).fill(5), 0, 0, 0, 2, 0xc0, 0x2b, 1, 0];
  return [...head, ...uintBytes(extensions.length, 2), ...extensions];
};

/** The server answers a ClientHello (DTLS 1.3 and 1.2, or 1.2 alone) with an alert, or with a version. */
export const versionRefused =
  (by: 'client' | 'server', description = 70, withTls = false): (() => Trace) =>
  () => {
    const versions = [0xfe, 0xfc, 0xfe, 0xfd, ...(withTls ? [3, 3] : [])];
    const offer = [0, 43, 0, versions.length + 1, versions.length, ...versions];
    const datagrams: [number, 'client' | 'server', Uint8Array][] = [
      [0, 'client', rawRecord({ number: 0, body: rawFragment({ type: 1, seq: 0, body: hello(offer) }) })],
    ];
    if (by === 'client') {
      const chosen = [0xfe, 0xff, ...new Array<number>(32).fill(6), 0, 0xc0, 0x13, 0];
      datagrams.push([10, 'server', rawRecord({ number: 0, body: rawFragment({ type: 2, seq: 0, body: chosen }) })]);
    }
    datagrams.push([20, by, rawRecord({ type: 21, number: 1, body: [2, description] })]);
    const addresses = { client: '192.0.2.1:5000', server: '192.0.2.2:4433' };
    return {
      header: captureHeader,
      events: datagrams.map(([at, from, bytes], i) => ({
        kind: 'datagram',
        at,
        packet: i + 1,
        src: addresses[from],
        dst: addresses[from === 'client' ? 'server' : 'client'],
        from: undefined,
        bytes,
        length: bytes.length,
        contents: undefined,
      })),
    };
  };
