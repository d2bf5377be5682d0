/**
 * Firefox without a window, spoken to by WebDriver BiDi: installs the unpacked extension, opens its pages, evaluates in them,
 * collects what its console says. The address of extension pages has an id that Firefox draws at random for each profile;
 * ours is set before it starts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { firefoxExtensionId } from '../../src/bridge/identity.ts';
import { writePreferences } from './firefoxPreferences.ts';
import { WebSocketClient } from './webSocket.ts';

const pageId = '0b6bd1f6-7c1d-4e8a-9d53-5e1f0c2a7b44';
export const firefoxPanelUrl = `moz-extension://${pageId}/panel.html`;

interface Answer {
  readonly id?: number;
  readonly type: 'success' | 'error' | 'event';
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly method?: string;
  readonly params?: unknown;
}
export interface LogEntry {
  readonly level: string;
  readonly text: string;
}

export class Firefox {
  readonly process: ChildProcess;
  /** What consoles said, and what nobody caught, since the session began. */
  readonly log: LogEntry[] = [];
  #socket: WebSocketClient | undefined;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.process = child;
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has ended'));
      this.#waiting.clear();
    });
  }

  /** `profile` is a folder for it alone. */
  static async start(executable: string, profile: string, dark = false): Promise<Firefox> {
    await mkdir(profile, { recursive: true });
    await writePreferences(profile, {
      'extensions.webextensions.uuids': JSON.stringify({ [firefoxExtensionId]: pageId }),
      'ui.systemUsesDarkTheme': dark ? 1 : 0,
    });
    const child = spawn(
      executable,
      [
        '--headless',
        '--no-remote',
        '--remote-debugging-port=0',
        '--remote-allow-system-access',
        '--profile',
        profile,
        'about:blank',
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
      },
    );
    const firefox = new Firefox(child);
    try {
      const url = await debuggingAddress(child);
      firefox.#socket = await WebSocketClient.open(`${url}/session`, (text) => firefox.#hear(text));
      await firefox.send('session.new', { capabilities: {} });
      await firefox.send('session.subscribe', { events: ['log.entryAdded'] });
      return firefox;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Any command of WebDriver BiDi. Rejects with what Firefox says. */
  send(method: string, params: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#socket?.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Installs an unpacked extension for this session; answers its id. */
  async install(path: string): Promise<string> {
    const installed = await this.send('webExtension.install', { extensionData: { type: 'path', path } });
    return (installed as { readonly extension: string }).extension;
  }

  async open(url: string): Promise<FirefoxPage> {
    const { context } = (await this.send('browsingContext.create', { type: 'tab' })) as { readonly context: string };
    await this.send('browsingContext.navigate', { context, url, wait: 'complete' });
    return new FirefoxPage(this, context);
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.send('browser.close', {}).catch(() => this.process.kill('SIGTERM'));
    const kill = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(kill);
  }

  #hear(text: string): void {
    const { id, type, result, error, message, method, params } = JSON.parse(text) as Answer;
    if (method === 'log.entryAdded') {
      const { level, text: said } = params as { readonly level: string; readonly text: string | null };
      this.log.push({ level, text: said ?? '' });
    }
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || !waiting) return;
    this.#waiting.delete(id);
    if (type === 'error') waiting.reject(new Error(`${error}: ${message}`));
    else waiting.resolve(result);
  }
}

export class FirefoxPage {
  readonly #browser: Firefox;
  readonly #context: string;

  constructor(browser: Firefox, context: string) {
    this.#browser = browser;
    this.#context = context;
  }

  /** The value of an expression (a promise's, when it is one), as JSON. Throws what the page threw. */
  async value(expression: string): Promise<unknown> {
    const { type, result, exceptionDetails } = (await this.#browser.send('script.evaluate', {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value ?? null))`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as {
      readonly type: string;
      readonly result?: { readonly value?: string };
      readonly exceptionDetails?: { readonly text: string };
    };
    if (type !== 'success') throw new Error(exceptionDetails?.text ?? 'the page threw');
    return JSON.parse(result?.value ?? 'null');
  }

  /** Keys as a user presses them, one after the other; WebDriver's code points for those without a letter. */
  async press(...keys: readonly string[]): Promise<void> {
    const actions = keys.flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]);
    await this.#browser.send('input.performActions', {
      context: this.#context,
      actions: [{ type: 'key', id: 'keyboard', actions }],
    });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#browser.send('browsingContext.setViewport', { context: this.#context, viewport: { width, height } });
  }

  /** PNG. */
  async picture(): Promise<Buffer> {
    const { data } = (await this.#browser.send('browsingContext.captureScreenshot', { context: this.#context })) as {
      readonly data: string;
    };
    return Buffer.from(data, 'base64');
  }
}

function debuggingAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
      const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Firefox ended (code ${code}) before it was ready:\n${said}`)));
  });
}
