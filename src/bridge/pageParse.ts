/**
 * The gate for what scripts in pages say (hostile), and the shape of what panels are told of it. Everything has a bound
 * (`pageLimits`); what does not fit is refused as a whole.
 */
import * as v from 'valibot';
import { type FromPage, pageLimits } from './page.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(pageLimits.text));
const sdp = v.pipe(v.string(), v.maxLength(pageLimits.sdp));
const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'no session'));
const alert = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const few = <T extends v.GenericSchema>(schema: T, most: number) => v.pipe(v.array(schema), v.maxLength(most));
const certificate = v.pipe(
  v.string(),
  v.maxLength(pageLimits.certificate),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'not base64'),
);

const states = v.object({ signaling: text, gathering: text, ice: text, connection: text });
const description = v.object({ type: text, sdp, cut: v.exactOptional(count) });
const optional = v.exactOptional(text);
const transport = v.object({
  dtlsState: optional,
  dtlsRole: optional,
  tlsVersion: optional,
  dtlsCipher: optional,
  srtpCipher: optional,
  iceState: optional,
  iceRole: optional,
  local: optional,
  remote: optional,
  rttMs: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  certificates: few(certificate, pageLimits.certificates),
});
const side = v.picklist(['local', 'remote']);
const transports = few(transport, pageLimits.transports);
const leftOut = v.object({ connections: count, items: count });

const item = v.variant('kind', [
  v.object({ kind: v.literal('created'), pc: count, servers: few(text, pageLimits.servers) }),
  v.object({ kind: v.literal('states'), pc: count, states }),
  v.object({ kind: v.literal('description'), pc: count, of: side, description }),
  v.object({ kind: v.literal('candidate'), pc: count, of: side, text }),
  v.object({ kind: v.literal('transports'), pc: count, transports }),
  v.object({
    kind: v.literal('dtls-error'),
    pc: count,
    detail: text,
    sentAlert: v.exactOptional(alert),
    receivedAlert: v.exactOptional(alert),
  }),
  v.object({ kind: v.literal('note'), pc: count, text }),
]);

const server = v.object({ url: text, username: optional, credential: optional });
const fromPage = v.variant('kind', [
  v.object({ kind: v.literal('here'), sites: few(text, pageLimits.sites) }),
  v.object({ kind: v.literal('items'), items: few(item, pageLimits.items), leftOut }),
  v.object({
    kind: v.literal('claim'),
    session,
    pc: count,
    type: v.picklist(['offer', 'answer']),
    ours: sdp,
    offer: v.exactOptional(sdp),
    servers: few(server, pageLimits.servers),
  }),
  v.object({ kind: v.literal('answer'), session, pc: count, sdp }),
  v.object({ kind: v.literal('trickled'), session, pc: count, candidate: text }),
]);

/** What a script in a page says, as the JSON text that it is; undefined when it is nothing of ours, or too long. */
export function parseFromPage(message: unknown): FromPage | undefined {
  if (typeof message !== 'string' || message.length > pageLimits.message) return undefined;
  try {
    const result = v.safeParse(fromPage, JSON.parse(message), { abortEarly: true });
    return result.success ? result.output : undefined;
  } catch {
    // Not JSON, or nested until the stack ends.
    return undefined;
  }
}

const row = {
  id: text,
  frame: count,
  origin: text,
  createdAt: v.number(),
  states,
  dtls: v.object({ dtlsState: optional, tlsVersion: optional, dtlsCipher: optional }),
  gone: v.boolean(),
  standIn: v.boolean(),
};
/** As the background tells panels. */
export const pageConnectionSchema = v.object({
  ...row,
  servers: v.array(text),
  local: v.exactOptional(description),
  remote: v.exactOptional(description),
  transports,
  timeline: v.array(v.object({ at: v.number(), text: v.string() })),
  skipped: count,
});
export const pageStateSchema = v.object({
  tab: count,
  sites: v.array(text),
  frames: v.array(v.object({ frame: count, origin: text, top: v.boolean() })),
  unwatched: v.array(text),
  connections: v.array(v.object(row)),
  leftOut,
  standIn: v.exactOptional(
    v.object({
      session,
      state: v.picklist(['waiting', 'claimed', 'asking', 'going']),
      origin: optional,
      asked: v.array(v.object({ address: text, what: text })),
    }),
  ),
});
