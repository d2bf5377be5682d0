/** What a server needs to give clients sessions and to take them up again; they stay in memory. */
import type { EndpointConfig, KeptSession } from '../engine/api.ts';

/** Sessions that a server keeps; the oldest makes room. */
const mostKept = 1000;
/** As browsers and OpenSSL keep them. Seconds. */
const lifetimeSeconds = 7200;

/** The settings of a server whose clients get session ids and tickets. `key`: 32 bytes that nobody else has. */
export function givingSessions(key: Uint8Array): Pick<EndpointConfig, 'sessions' | 'tickets'> {
  const kept = new Map<string, KeptSession>();
  return {
    sessions: {
      get: (id) => kept.get(id),
      set: (id, session) => {
        const [oldest] = kept.keys();
        if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
        kept.set(id, session);
      },
    },
    tickets: { key, count: 1, lifetimeSeconds },
  };
}
