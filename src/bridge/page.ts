/**
 * What is said of a watched page: by the script in it to the background, and by the background to panels. Everything that
 * comes from the page is a stranger's word. It is bounded here, once for the script, which need not be ours any more when it
 * speaks, and once for the background; tab, frame and origin never come from it but from the browser.
 */

/** The name of the port that a script in a page opens. */
export const pagePortName = 'dtlscope-page';

/** What the background calls out to watched tabs when it was stopped and is here again. */
export const pageAgain = 'dtlscope-page-again';

/** The site of an origin, "https://meet.example": without a port, as browsers' permissions know none. Undefined for other schemes. */
export function siteOf(origin: string): string | undefined {
  try {
    const url = new URL(origin);
    return url.protocol === 'https:' || url.protocol === 'http:' ? `${url.protocol}//${url.hostname}` : undefined;
  } catch {
    return undefined;
  }
}

/** What permissions and scripts call a site. */
export const sitePattern = (site: string): string => `${site}/*`;

/** Bounds on what a page can make anybody keep, send or draw. */
export const pageLimits = {
  /** Characters of one message. */
  message: 1024 * 1024,
  /** Items in one message, and how often one is sent (ms). */
  items: 100,
  flushMs: 250,
  /** Characters of a description; of longer ones this much is kept. */
  sdp: 256 * 1024,
  /** Characters of a line of text: a candidate, a cipher's name. */
  text: 512,
  /** Connections that one frame tells of; those beyond are counted. */
  connectionsOfFrame: 50,
  /** Connections and frames of one tab; the oldest that have ended make room. */
  connections: 100,
  frames: 64,
  /** Transports of a connection, certificates of one (and characters of each in base64). */
  transports: 8,
  certificates: 8,
  certificate: 16 * 1024,
  /** Lines of a connection's timeline: the first ones and the newest. */
  timeline: 200,
  /** Sites that frames of other sites name. */
  sites: 32,
  servers: 16,
  /** Messages of one frame: so many at once, and then so many a second; and the same in characters. */
  burst: 60,
  perSecond: 12,
  burstCharacters: 4 * 1024 * 1024,
  charactersPerSecond: 512 * 1024,
  /** Candidates of one stand-in that are taken, and destinations that are asked for. */
  candidates: 100,
  /** Characters of everything that is kept of one tab. */
  tabCharacters: 8 * 1024 * 1024,
} as const;

/** The four states of a connection, as the browser words them. */
export interface PageStates {
  readonly signaling: string;
  readonly gathering: string;
  readonly ice: string;
  readonly connection: string;
}

/** One transport, from `getStats` and RTCDtlsTransport. What a browser does not tell is absent. */
export interface PageTransport {
  readonly dtlsState?: string;
  readonly dtlsRole?: string;
  /** "FEFD" as getStats has it: four hexadecimal digits. */
  readonly tlsVersion?: string;
  readonly dtlsCipher?: string;
  readonly srtpCipher?: string;
  readonly iceState?: string;
  readonly iceRole?: string;
  /** The selected pair: "host 192.0.2.1:5000". */
  readonly local?: string;
  readonly remote?: string;
  readonly rttMs?: number;
  /** The peer's chain, leaf first: DER in base64. */
  readonly certificates: readonly string[];
}

export interface PageDescription {
  readonly type: string;
  /** At most `pageLimits.sdp` characters of it. */
  readonly sdp: string;
  /** Characters of the whole, when it was cut. */
  readonly cut?: number;
}

/** What happened to a connection. `pc` is the script's number for it. */
export type PageItem =
  | { readonly kind: 'created'; readonly pc: number; readonly servers: readonly string[] }
  | { readonly kind: 'states'; readonly pc: number; readonly states: PageStates }
  | {
      readonly kind: 'description';
      readonly pc: number;
      readonly of: 'local' | 'remote';
      readonly description: PageDescription;
    }
  | { readonly kind: 'candidate'; readonly pc: number; readonly of: 'local' | 'remote'; readonly text: string }
  | { readonly kind: 'transports'; readonly pc: number; readonly transports: readonly PageTransport[] }
  /** An error event of an RTCDtlsTransport: which kind, and the alerts where the browser gives them. */
  | {
      readonly kind: 'dtls-error';
      readonly pc: number;
      readonly detail: string;
      readonly sentAlert?: number;
      readonly receivedAlert?: number;
    }
  | { readonly kind: 'note'; readonly pc: number; readonly text: string };

/** A server of the page's own configuration (RFC 8825's iceServers), one URL each. */
export interface PageServer {
  readonly url: string;
  readonly username?: string;
  readonly credential?: string;
}

/** The script in a frame to the background. */
export type FromPage =
  /** It runs. `sites`: origins of frames inside this one. */
  | { readonly kind: 'here'; readonly sites: readonly string[] }
  | {
      readonly kind: 'items';
      readonly items: readonly PageItem[];
      /** Connections and items that were not told, until now. */
      readonly leftOut: { readonly connections: number; readonly items: number };
    }
  /** A connection has taken what it was given: `ours` is what the page sends to its peer. */
  | {
      readonly kind: 'claim';
      readonly session: string;
      readonly pc: number;
      readonly type: 'offer' | 'answer';
      readonly ours: string;
      /** The peer's offer, when ours is the answer. */
      readonly offer?: string;
      readonly servers: readonly PageServer[];
    }
  | { readonly kind: 'answer'; readonly session: string; readonly pc: number; readonly sdp: string }
  /** A candidate that the page was sent by its peer; empty is the last one. */
  | { readonly kind: 'trickled'; readonly session: string; readonly pc: number; readonly candidate: string };

/** What the page's next connection is to carry, as `ice/sdp.ts`'s `StandIn` takes it. */
export interface PageIdentity {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints: readonly string[];
  readonly candidates: readonly string[];
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly preferred: 'active' | 'passive';
}

/** The background to the script in a frame. */
export type ToPage =
  /** The answer to `here`, and whenever it changes. Without a stand-in, connections are only watched. */
  | { readonly kind: 'stand-in'; readonly session: string; readonly identity: PageIdentity }
  | { readonly kind: 'watch' }
  /** More candidates of ours for the page to send to its peer. */
  | { readonly kind: 'candidates'; readonly session: string; readonly candidates: readonly string[] }
  /** The relay's own word: the background is a new one, and knows nothing of what was told. */
  | { readonly kind: 'again' }
  /** The site is watched no more: be quiet until the page is loaded again. */
  | { readonly kind: 'rest' };

/** A line of a connection's timeline. `at`: wall clock of the background, ms since 1970. */
export interface PageMoment {
  readonly at: number;
  readonly text: string;
}

/** A connection in the list. */
export interface PageRow {
  readonly id: string;
  readonly frame: number;
  readonly origin: string;
  readonly createdAt: number;
  readonly states: PageStates;
  /** Of its first transport. */
  readonly dtls: Pick<PageTransport, 'dtlsState' | 'tlsVersion' | 'dtlsCipher'>;
  /** Its frame was left or closed. */
  readonly gone: boolean;
  /** This connection carries our stand-in. */
  readonly standIn: boolean;
}

/** All that is known of a connection. */
export interface PageConnection extends PageRow {
  readonly servers: readonly string[];
  readonly local?: PageDescription;
  readonly remote?: PageDescription;
  readonly transports: readonly PageTransport[];
  readonly timeline: readonly PageMoment[];
  /** Lines that made room in the middle of the timeline. */
  readonly skipped: number;
}

/** Where a stand-in would send to, and who named it. */
export interface PageDestination {
  /** "192.0.2.1:5000", "name.example:3478". */
  readonly address: string;
  /** "candidate, host", "STUN server", "TURN server". */
  readonly what: string;
}

/** A stand-in as panels show it. */
export interface PageStandIn {
  readonly session: string;
  readonly state: /** For the page's next connection. */
    | 'waiting'
    /** For the peer's description, which the page gets. */
    | 'claimed'
    /** For a click: `asked` may not be sent to yet. */
    | 'asking'
    | 'going';
  /** The site whose connection it is. */
  readonly origin?: string;
  readonly asked: readonly PageDestination[];
}

/** A tab as a panel sees it. */
export interface PageState {
  readonly tab: number;
  /** Sites that are watched, in whichever tab. */
  readonly sites: readonly string[];
  readonly frames: readonly { readonly frame: number; readonly origin: string; readonly top: boolean }[];
  /** Sites of frames of this page that nobody watches. */
  readonly unwatched: readonly string[];
  /** The newest last. */
  readonly connections: readonly PageRow[];
  /** What was not taken: more connections, or more talk, than is kept. */
  readonly leftOut: { readonly connections: number; readonly items: number };
  readonly standIn?: PageStandIn;
}
