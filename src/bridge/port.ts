/**
 * The little of a browser's message port that dtlscope needs, so that everything above it runs against fakes. Messages
 * are JSON values; a port delivers in order until one end is gone.
 */

export interface Port {
  post(message: unknown): void;
  onMessage(hear: (message: unknown) => void): void;
  /** The other end is gone (not called after our own `disconnect`). `why` is what the browser says, if anything. */
  onDisconnect(hear: (why: string | undefined) => void): void;
  disconnect(): void;
}

/** The shape of `browser.runtime.Port` that `adaptPort` uses. */
export interface BrowserPort {
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: { addListener(hear: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(hear: (port: BrowserPort) => void): void };
  /** Firefox tells here why a port ended; Chromium in `runtime.lastError`. */
  readonly error?: { readonly message: string } | null | undefined;
}

/** A browser's port as ours. `lastError` reads `runtime.lastError`, which is only set during the disconnect event. */
export function adaptPort(port: BrowserPort, lastError: () => string | undefined): Port {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (hear) => port.onMessage.addListener(hear),
    onDisconnect: (hear) => port.onDisconnect.addListener((ended) => hear(ended.error?.message ?? lastError())),
    disconnect: () => port.disconnect(),
  };
}

/** Timers as a parameter: calls back after `ms`; the answer takes the call back. */
export type Schedule = (ms: number, wake: () => void) => () => void;
