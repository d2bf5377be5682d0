/**
 * A connection of this very browser's WebRTC stack, from a document of ours that has one: it offers all that WebRTC has (a data
 * channel, audio, video), without devices and without servers, and tells what the stack says of itself.
 */
import type { Port } from '../src/bridge/port.ts';
import type { SignallingFact } from '../src/trace/pathFacts.ts';

/** The port between background and document, where they are two. */
export const ownStackPortName = 'own-stack';

export type StackFact = Extract<SignallingFact, { readonly kind: 'stack' }>;

/** From the document to the background; the other way goes the answer's SDP, a string. */
export type FromStack =
  | { readonly kind: 'offer'; readonly sdp: string }
  | { readonly kind: 'failed'; readonly why: string }
  | StackFact;

/** What an `RTCError` has beside its message. */
interface StackError {
  readonly error?: {
    readonly errorDetail?: string;
    readonly sentAlert?: number | null;
    readonly receivedAlert?: number | null;
  };
}

/** Chromium's getStats answers from what it knew up to 50 ms ago. ms */
const staleMs = 100;

export class OwnStackEnd {
  readonly #connection = new RTCPeerConnection();
  readonly #hear: (fact: StackFact) => void;
  #closed = false;
  #last = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hear: (fact: StackFact) => void) {
    this.#hear = hear;
    this.#connection.addEventListener('connectionstatechange', () => this.#look());
    this.#connection.addEventListener('iceconnectionstatechange', () => this.#look());
  }

  /** Its offer. Candidates are not waited for: the browser is to come to ours. */
  async offer(): Promise<string> {
    this.#connection.createDataChannel('dtlscope');
    for (const kind of ['audio', 'video']) this.#connection.addTransceiver(kind);
    await this.#connection.setLocalDescription();
    return this.#connection.localDescription?.sdp ?? '';
  }

  /** Takes our answer; what the browser finds wrong with it is told as a fact. */
  async answer(sdp: string): Promise<void> {
    try {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      this.#look(`it refused our answer: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const dtls = this.#connection.sctp?.transport;
    dtls?.addEventListener('statechange', () => this.#look());
    dtls?.addEventListener('error', (event) => this.#look(errorText(event as StackError)));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  /** Tells how things stand, now and once more when the browser's figures have caught up; the same twice is told once. */
  #look(error?: string): void {
    void this.#tell(error);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(undefined), staleMs);
  }

  async #tell(error: string | undefined): Promise<void> {
    const fact = await this.#fact(error);
    const text = JSON.stringify(fact);
    if (this.#closed || text === this.#last) return;
    this.#last = text;
    this.#hear(fact);
  }

  async #fact(error: string | undefined): Promise<StackFact> {
    const { connectionState, iceConnectionState } = this.#connection;
    const all: Iterable<{ readonly type?: unknown }> = (await this.#connection.getStats()).values();
    const stats = ([...all].find(({ type }) => type === 'transport') ?? {}) as Readonly<Record<string, unknown>>;
    const text = (name: string): string | undefined => {
      const value = stats[name];
      return typeof value === 'string' ? value : undefined;
    };
    return {
      ...{ kind: 'stack', connection: connectionState, ice: iceConnectionState, error },
      ...{ dtls: text('dtlsState'), version: text('tlsVersion'), cipher: text('dtlsCipher'), group: text('dtlsGroup') },
      ...{ srtp: text('srtpCipher'), role: text('dtlsRole') },
    };
  }
}

function errorText({ error }: StackError): string {
  const alert = (what: string, number: number | null | undefined): string[] =>
    typeof number === 'number' ? [`alert ${number} ${what}`] : [];
  return [
    error?.errorDetail ?? 'error',
    ...alert('sent', error?.sentAlert),
    ...alert('received', error?.receivedAlert),
  ].join(', ');
}

/** Serves one connection over a port; the port's end is its end. */
export function serveOwnStack(port: Port): void {
  const post = (message: FromStack): void => port.post(message);
  const end = new OwnStackEnd(post);
  port.onMessage((message) => {
    if (typeof message === 'string') void end.answer(message);
  });
  port.onDisconnect(() => end.close());
  end.offer().then(
    (sdp) => post({ kind: 'offer', sdp }),
    (error: unknown) => post({ kind: 'failed', why: error instanceof Error ? error.message : String(error) }),
  );
}
