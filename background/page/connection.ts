/** What is kept of one connection of a page, bounded, and how what its page says becomes lines of a timeline. */
import {
  type PageConnection,
  type PageDescription,
  type PageItem,
  type PageMoment,
  type PageRow,
  type PageStates,
  type PageTransport,
  pageLimits,
} from '../../src/bridge/page.ts';

const unborn: PageStates = { signaling: 'stable', gathering: 'new', ice: 'new', connection: 'new' };

/** Half of a long timeline is its beginning, the rest what came last. */
const first = pageLimits.timeline / 2;

export class Connection {
  readonly id: string;
  readonly #frame: number;
  readonly #origin: string;
  readonly #createdAt: number;
  #states = unborn;
  #servers: readonly string[] = [];
  #local: PageDescription | undefined;
  #remote: PageDescription | undefined;
  #transports: readonly PageTransport[] = [];
  #begin: PageMoment[] = [];
  #newest: PageMoment[] = [];
  #skipped = 0;
  gone = false;
  standIn = false;

  constructor(id: string, frame: number, origin: string, at: number) {
    this.id = id;
    this.#frame = frame;
    this.#origin = origin;
    this.#createdAt = at;
  }

  get ended(): boolean {
    return this.gone || this.#states.signaling === 'closed';
  }

  /** Characters that it takes, about. */
  get size(): number {
    const lines = [...this.#begin, ...this.#newest].reduce((sum, { text }) => sum + text.length + 20, 0);
    const certificates = this.#transports.flatMap((one) => one.certificates).reduce((sum, one) => sum + one.length, 0);
    const descriptions = (this.#local?.sdp.length ?? 0) + (this.#remote?.sdp.length ?? 0);
    return lines + certificates + descriptions + 1000;
  }

  get row(): PageRow {
    const { dtlsState, tlsVersion, dtlsCipher } = this.#transports[0] ?? {};
    return {
      id: this.id,
      frame: this.#frame,
      origin: this.#origin,
      createdAt: this.#createdAt,
      states: this.#states,
      dtls: {
        ...(dtlsState !== undefined && { dtlsState }),
        ...(tlsVersion !== undefined && { tlsVersion }),
        ...(dtlsCipher !== undefined && { dtlsCipher }),
      },
      gone: this.gone,
      standIn: this.standIn,
    };
  }

  get whole(): PageConnection {
    return {
      ...this.row,
      servers: this.#servers,
      ...(this.#local && { local: this.#local }),
      ...(this.#remote && { remote: this.#remote }),
      transports: this.#transports,
      timeline: [...this.#begin, ...this.#newest],
      skipped: this.#skipped,
    };
  }

  take(item: PageItem, at: number): void {
    const say = (text: string): void => this.say(text, at);
    switch (item.kind) {
      case 'created':
        this.#servers = item.servers;
        say(item.servers.length === 0 ? 'created, without ICE servers' : `created, with ${item.servers.join(', ')}`);
        return;
      case 'states':
        for (const name of ['signaling', 'gathering', 'ice', 'connection'] as const)
          if (item.states[name] !== this.#states[name])
            say(`${stateNames[name]}: ${this.#states[name]} → ${item.states[name]}`);
        this.#states = item.states;
        return;
      case 'description': {
        const { type, sdp, cut } = item.description;
        say(`${item.of} ${type}, ${cut ?? sdp.length} characters`);
        if (item.of === 'local') this.#local = item.description;
        else this.#remote = item.description;
        return;
      }
      case 'candidate':
        say(`${item.of} ${item.text}`);
        return;
      case 'transports':
        for (const [index, transport] of item.transports.entries()) this.#compare(index, transport, say);
        this.#transports = item.transports;
        return;
      case 'dtls-error': {
        const { detail, sentAlert, receivedAlert } = item;
        const alerts = [
          ...(sentAlert === undefined ? [] : [`alert ${sentAlert} sent`]),
          ...(receivedAlert === undefined ? [] : [`alert ${receivedAlert} received`]),
        ];
        say(`DTLS error: ${[detail, ...alerts].join(', ')}`);
        return;
      }
      case 'note':
        say(item.text);
        return;
    }
  }

  say(text: string, at: number): void {
    if (this.#begin.length < first) this.#begin.push({ at, text });
    else {
      this.#newest.push({ at, text });
      if (this.#newest.length <= pageLimits.timeline - first) return;
      this.#newest.shift();
      this.#skipped++;
    }
  }

  #compare(index: number, now: PageTransport, say: (text: string) => void): void {
    const before = this.#transports[index];
    const which = index === 0 ? '' : ` ${index + 1}`;
    if (now.dtlsState !== undefined && now.dtlsState !== before?.dtlsState) {
      const how =
        now.dtlsState === 'connected' ? ` (${[now.dtlsCipher, now.srtpCipher].filter(Boolean).join(', ')})` : '';
      say(`DTLS${which}: ${before?.dtlsState ?? 'none'} → ${now.dtlsState}${how === ' ()' ? '' : how}`);
    }
    if (now.remote !== undefined && (now.remote !== before?.remote || now.local !== before?.local))
      say(`pair${which}: ${now.local ?? '?'} ↔ ${now.remote}`);
  }
}

const stateNames = { signaling: 'signaling', gathering: 'gathering', ice: 'ICE', connection: 'connection' } as const;
