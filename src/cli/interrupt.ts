/** Ctrl+C and its kin: the first asks to end well, the second ends at once, as the system does by default. */

/** Calls back once for SIGINT, SIGTERM or SIGHUP. The answer takes it back. */
export function onInterrupt(act: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const release = (): void => {
    for (const signal of signals) process.off(signal, once);
  };
  const once = (): void => {
    release();
    act();
  };
  for (const signal of signals) process.on(signal, once);
  return release;
}
