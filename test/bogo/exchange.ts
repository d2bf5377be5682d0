/**
 * One connection: an endpoint on the runner's connection and clock, shaking hands, answering data with its complement, and
 * closing. What is wrong is thrown, with the text that the runner looks for.
 */
import { equal, fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import { draw } from '../../src/crypto/node/random.ts';
import {
  canRun,
  createEndpoint,
  type EngineEvent,
  type Failure,
  type InspectableEndpoint,
} from '../../src/engine/index.ts';
import { findExtension } from '../../src/wire/extensions.ts';
import { versionNumber } from '../../src/wire/registry.ts';
import { cipherSuiteName } from '../../src/wire/suites.ts';
import { RunnerConnection } from './connection.ts';
import {
  expectedChain,
  leastBogoMtu,
  type Memory,
  protocolNames,
  runnerSuites,
  type Setup,
  setupFor,
  versionsOf,
} from './endpointConfig.ts';
import { boringNames } from './errorNames.ts';
import { NotImplemented, type Settings } from './flags.ts';
import { OfferedHello } from './offered.ts';

/** The clock of a test, ms: it goes on when the runner says so. */
export interface Clock {
  now: Instant;
}

/** What the test is about was not as it must be. */
export class Failed extends Error {}

/** BoringSSL takes a timeout that is as near as this for expired, ms: sockets wake up a little early. */
const nearEnough = 15;
const closeNotify = 0;
const decompressionFailure = 30;
const runner = 'runner';

/** What a connection leaves to the next. */
export interface Result {
  readonly version: '1.0' | '1.2' | '1.3' | undefined;
}

/** Runs one connection to its end. */
export async function exchange(settings: Settings, memory: Memory, clock: Clock, resuming: boolean): Promise<Result> {
  const setup = setupFor(settings, memory, resuming);
  const connection = await RunnerConnection.open(settings);
  const one = new Exchange(settings, setup, connection, memory, clock, resuming);
  try {
    return await one.run();
  } finally {
    await connection.close();
  }
}

class Exchange {
  readonly #settings: Settings;
  readonly #setup: Setup;
  readonly #connection: RunnerConnection;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #resuming: boolean;
  readonly #endpoint: InspectableEndpoint;
  readonly #offered = new OfferedHello();
  #deadline: Instant | undefined;
  #connected: Extract<EngineEvent, { kind: 'connected' }>['parameters'] | undefined;
  #peerChain: readonly Uint8Array[] = [];
  #retried = false;
  #tickets = 0;
  /** close_notify came. */
  #closed = false;
  /** Nothing of ours goes out any more: BoringSSL's "quiet shutdown". */
  #silent = false;
  #incoming: Uint8Array[] = [];

  constructor(
    settings: Settings,
    setup: Setup,
    connection: RunnerConnection,
    memory: Memory,
    clock: Clock,
    resuming: boolean,
  ) {
    this.#settings = settings;
    this.#setup = setup;
    this.#connection = connection;
    this.#memory = memory;
    this.#clock = clock;
    this.#resuming = resuming;
    this.#endpoint = createEndpoint(setup.config, { crypto: setup.provider, random: draw, peer: runner });
  }

  async run(): Promise<Result> {
    const { settings } = { settings: this.#settings };
    this.#input({ kind: 'start' });
    while (!this.#connected) {
      if (this.#closed) throw new Failed('closed by the runner before the handshake was done');
      if (!(await this.#step())) throw new Failed('the runner closed the socket before the handshake was done');
    }
    if (settings.handshakeNeverDone) throw new Failed('the handshake is done, which must not be');
    if (!settings.implicitHandshake) this.#check();
    this.#afterHandshake();
    if (settings.sendAlert) return this.#result();
    if (!settings.shimShutsDown) await this.#echo();
    this.#checkTickets();
    await this.#shutDown();
    return this.#result();
  }

  #result(): Result {
    return { version: this.#connected?.version };
  }

  /** Keying material, "hello": what goes out before anything is read. */
  #afterHandshake(): void {
    const { exportKeyingMaterial: length, exportLabel, exportContext, useExportContext } = this.#settings;
    if (length > 0) {
      const context = useExportContext ? utf8(exportContext) : undefined;
      const material = this.#endpoint.exportKeyingMaterial(exportLabel, context, length);
      if (!material) throw new Failed('there is no keying material');
      this.#write(material);
    }
    if (this.#settings.sendAlert) this.#input({ kind: 'abort', description: decompressionFailure });
    else if (this.#settings.shimWritesFirst) this.#write(utf8('hello'));
  }

  /** Answers data with its complement until the runner has enough. */
  async #echo(): Promise<void> {
    for (;;) {
      if (this.#settings.keyUpdateBeforeRead) this.#input({ kind: 'key-update', request: false });
      while (this.#incoming.length === 0) if (this.#closed || !(await this.#step())) return;
      for (const bytes of this.#incoming.splice(0, 1)) {
        if (this.#settings.keyUpdate) this.#input({ kind: 'key-update', request: false });
        this.#write(bytes.map((byte) => byte ^ 0xff));
      }
    }
  }

  async #shutDown(): Promise<void> {
    if (!this.#settings.checkCloseNotify) {
      this.#silent = true;
      return;
    }
    if (this.#settings.shimShutsDown) {
      this.#input({ kind: 'close' });
      while (!this.#closed) if (!(await this.#step())) break;
    }
    if (!this.#closed) throw new Failed('the runner closed the socket without a close_notify');
  }

  #write(bytes: Uint8Array): void {
    // BoringSSL leaves large data to IP as well.
    this.#input({ kind: 'send', bytes, aboveMtu: true });
  }

  /** Takes one order of the runner; false when it has closed. */
  async #step(): Promise<boolean> {
    const order = await this.#connection.next();
    if (!order) return false;
    switch (order.kind) {
      case 'packet':
        this.#offered.look(order.bytes);
        this.#input({ kind: 'datagram', bytes: order.bytes, from: runner });
        break;
      case 'advance':
        this.#advance(order.ms);
        break;
      case 'mtu':
        if (order.size >= leastBogoMtu) this.#input({ kind: 'mtu', size: order.size });
        break;
      case 'expect-timeout':
        this.#expectTimeout(order.ms);
        break;
      case 'initial-timeout':
        throw new NotImplemented('a new first value for a timer that runs');
    }
    return true;
  }

  #advance(ms: number): void {
    this.#clock.now = instant(this.#clock.now + ms);
    // A deadline that is nearly there is there: our clock catches up with it.
    if (this.#deadline === undefined || this.#deadline - this.#clock.now >= nearEnough) return;
    if (this.#deadline > this.#clock.now) this.#clock.now = this.#deadline;
    this.#input({ kind: 'timeout' });
  }

  #expectTimeout(ms: number | undefined): void {
    const left = this.#deadline === undefined ? undefined : this.#deadline - this.#clock.now;
    const got = left !== undefined && left < nearEnough ? 0 : left;
    if (got === undefined ? ms === undefined : ms !== undefined && Math.abs(got - ms) < 0.001) return;
    const say = (value: number | undefined): string => (value === undefined ? 'none' : `${value} ms`);
    throw new Failed(`wrong timeout: ${say(got)} instead of ${say(ms)}`);
  }

  #input(input: Parameters<InspectableEndpoint['handle']>[0]): void {
    this.#endpoint.handle(input, this.#clock.now);
    let failure: Failure | undefined;
    for (;;) {
      const output = this.#endpoint.poll();
      if (output.kind === 'wait') {
        this.#deadline = output.until;
        break;
      }
      if (output.kind === 'transmit') {
        if (!this.#silent) this.#connection.send(output.bytes);
      } else failure = this.#event(output.event) ?? failure;
    }
    if (failure) throw this.#failed(failure);
  }

  #event(event: EngineEvent): Failure | undefined {
    switch (event.kind) {
      case 'failed':
        return event.failure;
      case 'connected':
        this.#connected = event.parameters;
        break;
      case 'data':
        // As in BoringSSL, an empty record is no data.
        if (event.bytes.length > 0) this.#incoming.push(event.bytes);
        break;
      case 'ticket':
        this.#tickets++;
        this.#memory.ticket = event.ticket;
        break;
      case 'peer-certificate':
        this.#peerChain = event.chain;
        break;
      case 'state':
        if (/^await(?:Server|Client)HelloAgain$/.test(event.to)) this.#retried = true;
        break;
      case 'alert':
        if (event.direction === 'received' && event.description === closeNotify) this.#heardClose();
        break;
      case 'closed':
        if (event.by === 'peer') this.#heardClose();
        break;
      case 'timer':
      case 'dropped':
      case 'secret':
      case 'unverified-hello':
        break;
    }
    return undefined;
  }

  #heardClose(): void {
    this.#closed = true;
  }

  /** The failure in words; as not implemented where it names a limit of ours that the runner does not have. */
  #failed(failure: Failure): Error {
    const limit = this.#limit(failure);
    if (limit !== undefined) return new NotImplemented(limit);
    return new Failed(`${failure.code} (${failure.fault}): ${JSON.stringify(failure)}\n${boringNames(failure)}`);
  }

  #limit(failure: Failure): string | undefined {
    if (failure.fault === 'local' && failure.code === 'unsupported') return failure.what;
    if (failure.fault !== 'mismatch') return undefined;
    if (failure.code === 'version') {
      // The runner speaks a version that the flags allow and the engine does not know.
      const { wanted, spoken } = versionsOf(this.#settings);
      const unknown = wanted.filter((version) => !spoken.includes(version));
      const theirs = this.#settings.server ? failure.offered : failure.supported;
      const common = unknown.find((version) => theirs.includes(versionNumber[version]));
      return common && `DTLS ${common}`;
    }
    if (failure.code === 'no-common-suite' && this.#settings.cipher === undefined) {
      const missing = failure.offered.find((code) => runnerSuites.includes(code) && !canRun(code));
      return missing === undefined ? undefined : cipherSuiteName(missing);
    }
    return undefined;
  }

  /** What BoringSSL's shim looks at when the handshake is done. */
  #check(): void {
    const settings = this.#settings;
    const parameters = this.#connected;
    if (!parameters) return;
    const expect = (what: string, wanted: unknown, got: unknown): void => {
      if (wanted !== undefined && wanted !== got) throw new Failed(`${what} is ${got}, not ${wanted}`);
    };
    const { server } = settings;
    const resumed = parameters.resumed ?? false;
    expect('the version', settings.expectVersion, versionNumber[parameters.version]);
    expect('whether it was resumed', this.#resuming && !settings.expectSessionMiss, resumed);
    expect('the suite', settings.expectCipher, parameters.cipherSuite);
    expect('the group', settings.expectCurve, parameters.group);
    expect('the signature algorithm', settings.expectPeerSignature, parameters.peerSignature);
    expect('ALPN', (server ? settings.selectAlpn : settings.expectAlpn) || undefined, parameters.alpn);
    if (!server && settings.expectAlpn === '') expect('ALPN', 'none', parameters.alpn ?? 'none');
    expect('HelloRetryRequest', settings.expectHrr, this.#retried);
    if (settings.expectExtendedMasterSecret) expect('extended master secret', true, parameters.extendedMasterSecret);
    expect('the credential', settings.expectSelectedCredential, this.#setup.selected() ?? -1);
    if (
      settings.expectVerifyResult &&
      settings.verifyFail &&
      (settings.verifyPeer || settings.requireAnyClientCertificate)
    )
      expect('trust in the peer', false, !resumed);
    if (settings.expectPeerCertFile !== undefined) this.#checkChain(settings.expectPeerCertFile);
    else if (!resumed && (!server || settings.requireAnyClientCertificate))
      expect('whether the peer showed a certificate', true, this.#peerChain.length > 0);
    if (server) this.#checkOffer();
    else if (settings.expectPeerVerifyPrefs.length > 0) throw new NotImplemented('what a CertificateRequest holds');
  }

  #checkChain(path: string): void {
    const wanted = expectedChain(path);
    const got = this.#peerChain;
    const same = got.length === wanted.length && wanted.every((one, i) => equal(one, got[i] ?? new Uint8Array(0)));
    if (!same) throw new Failed(`the peer's chain is not that of ${path}`);
  }

  #checkOffer(): void {
    const { expectAdvertisedAlpn, expectServerName, expectNoServerName, expectPeerVerifyPrefs } = this.#settings;
    const extensions = this.#offered.hello?.extensions;
    const same = (what: string, wanted: readonly unknown[], got: readonly unknown[]): void => {
      if (wanted.join() !== got.join()) throw new Failed(`${what} is ${got.join()}, not ${wanted.join()}`);
    };
    const names = findExtension(extensions, 'application_layer_protocol_negotiation')?.protocol_name_list ?? [];
    if (expectAdvertisedAlpn !== undefined) same('ALPN', protocolNames(expectAdvertisedAlpn), names.map(fromUtf8));
    const hosts =
      findExtension(extensions, 'server_name')?.server_name_list.map((one) => fromUtf8(one.host_name)) ?? [];
    if (expectServerName !== undefined) same('server_name', [expectServerName], hosts);
    if (expectNoServerName) same('server_name', [], hosts);
    const schemes = findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms ?? [];
    if (expectPeerVerifyPrefs.length > 0) same('signature_algorithms', expectPeerVerifyPrefs, schemes);
  }

  /** Servers of DTLS 1.3 give tickets after the handshake, unless they must not. */
  #checkTickets(): void {
    if (this.#connected?.version !== '1.3' || this.#settings.server) return;
    const wanted = !this.#settings.expectNoSession && !this.#settings.shimShutsDown;
    if (wanted !== this.#tickets > 0) throw new Failed(`${this.#tickets} tickets came`);
  }
}
