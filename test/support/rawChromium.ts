/**
 * Chromium over its debugging pipe, with nothing in between: Playwright attaches to every worker and so keeps it alive,
 * which is just what tests of lifetime must not do. Messages are JSON, each ended by a zero byte, on the descriptors 3
 * (to the browser) and 4 (from it).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { quietFlags } from '../../src/tools/devtools.ts';
import { findChromium } from '../../src/tools/peers.ts';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
}
interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

export class RawChromium {
  readonly process: ChildProcess;
  readonly #input: Writable;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #text = '';

  private constructor(child: ChildProcess) {
    this.process = child;
    this.#input = child.stdio[3] as Writable;
    const output = child.stdio[4] as Readable;
    this.#input.on('error', () => {});
    output.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Chromium has ended'));
      this.#waiting.clear();
    });
  }

  /** A headless Chromium with an unpacked extension and a profile of its own. */
  static async start(profile: string, extension: string): Promise<RawChromium> {
    const executable = findChromium();
    if (executable === undefined) throw new Error('no Chromium');
    const child = spawn(
      executable,
      [
        ...quietFlags,
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--headless=new',
        '--remote-debugging-pipe',
        `--user-data-dir=${profile}`,
        `--load-extension=${extension}`,
        `--disable-extensions-except=${extension}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const browser = new RawChromium(child);
    await browser.send('Browser.getVersion');
    return browser;
  }

  /** Any command; `session` is that of a page. Rejects with what the browser says. */
  send(method: string, params: object = {}, session?: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      const message = { id, method, params, ...(session === undefined ? {} : { sessionId: session }) };
      this.#input.write(`${JSON.stringify(message)}\0`);
    });
  }

  /** Opens a page and attaches to it, and to nothing else. */
  async open(url: string): Promise<RawPage> {
    const { targetId } = (await this.send('Target.createTarget', { url })) as { readonly targetId: string };
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    return new RawPage(this, targetId, (attached as { readonly sessionId: string }).sessionId);
  }

  /** Addresses of the service workers that run. */
  async workers(): Promise<readonly string[]> {
    const { targetInfos } = (await this.send('Target.getTargets')) as {
      readonly targetInfos: readonly { readonly type: string; readonly url: string }[];
    };
    return targetInfos.filter(({ type }) => type === 'service_worker').map(({ url }) => url);
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.send('Browser.close').catch(() => {});
    await gone;
  }

  #hear(text: string): void {
    const parts = (this.#text + text).split('\0');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const { id, result, error } = JSON.parse(part) as Answer;
      const waiting = id === undefined ? undefined : this.#waiting.get(id);
      if (id === undefined || waiting === undefined) continue;
      this.#waiting.delete(id);
      if (error === undefined) waiting.resolve(result);
      else waiting.reject(new Error(error.message));
    }
  }
}

export class RawPage {
  readonly #browser: RawChromium;
  readonly #target: string;
  readonly #session: string;

  constructor(browser: RawChromium, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  send(method: string, params: object = {}): Promise<unknown> {
    return this.#browser.send(method, params, this.#session);
  }

  /** The value of an expression (a promise's, when it is one), as JSON. Throws what the page threw. */
  async value(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', options)) as Evaluated;
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.#target });
  }
}
