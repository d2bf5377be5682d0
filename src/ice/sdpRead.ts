/**
 * A session description read line by line: sdp-transform's grammar says what a line means, one line at a time, because the
 * library keeps neither line numbers nor more than the last of repeated attributes. Nothing of a description is trusted:
 * its size is bounded, and what is malformed is a problem with its line, never a throw.
 */
import { parse } from 'sdp-transform';
import { fromHex } from '../base/bytes.ts';
import { mediaAttribute, readCandidate, whole, word } from './sdpAttribute.ts';
import type {
  BundleGroup,
  Codec,
  Description,
  DescriptionType,
  Direction,
  Placed,
  SdpCandidate,
  SdpFingerprint,
  SdpProblem,
  SdpProblemId,
  SdpTransport,
  Section,
  Setup,
  TransportFacts,
} from './sdpModel.ts';
import { problemsOf } from './sdpProblems.ts';
import { hasControl, hashLengths, problemList, shown } from './sdpText.ts';

/** Bounds on a description; what is beyond them is left out, and a `too-large` problem says so. */
export const sdpLimits = {
  characters: 1024 * 1024,
  lines: 30_000,
  sections: 512,
  candidates: 1000,
  /** Fingerprints at one level. */
  fingerprints: 32,
} as const;

/**
 * Reads a description: SDP as such, or in the JSON that browsers make of it (`{"type":"offer","sdp":"v=0…"}`). `type` is
 * what the caller knows it to be; a JSON wrapper's own word counts when the caller knows nothing. Never throws.
 */
export function readDescription(text: string, type?: DescriptionType): Description {
  const unwrapped = unwrap(text);
  return new Reading(unwrapped.sdp, type ?? unwrapped.type).read();
}

/** Takes SDP out of the JSON of an RTCSessionDescription; any other text is taken for SDP. */
export function unwrap(text: string): { readonly sdp: string; readonly type: DescriptionType | undefined } {
  if (text.length <= 2 * sdpLimits.characters && /^\s*\{/.test(text)) {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && 'sdp' in value && typeof value.sdp === 'string') {
        const type = 'type' in value && (value.type === 'offer' || value.type === 'answer') ? value.type : undefined;
        return { sdp: value.sdp, type };
      }
    } catch {
      // Not JSON; what it is, its lines will say.
    }
  }
  return { sdp: text, type: undefined };
}

/** A section, or the session, while it is being read. */
interface Level {
  setup: Placed<Setup> | undefined;
  fingerprints: SdpFingerprint[];
  tlsId: Placed<string> | undefined;
  ufrag: Placed<string> | undefined;
  pwd: Placed<string> | undefined;
  iceOptions: Placed<readonly string[]> | undefined;
  direction: Direction | undefined;
  endOfCandidates: Placed<true> | undefined;
}

interface SectionDraft extends Level {
  readonly line: number;
  kind: string;
  port: number;
  protocol: string;
  formats: string[];
  mid: Placed<string> | undefined;
  bundleOnly: boolean;
  rtcpMux: Placed<true> | undefined;
  sctpPort: Placed<number> | undefined;
  maxMessageSize: number | undefined;
  sctpMap: Placed<string> | undefined;
  sdes: Placed<true> | undefined;
  readonly names: Map<number, string>;
  readonly parameters: Map<number, string>;
  readonly candidates: SdpCandidate[];
}

const emptyLevel = (): Level => ({
  setup: undefined,
  fingerprints: [],
  tlsId: undefined,
  ufrag: undefined,
  pwd: undefined,
  iceOptions: undefined,
  direction: undefined,
  endOfCandidates: undefined,
});

class Reading {
  readonly #text: string;
  readonly #type: DescriptionType | undefined;
  readonly #problems: SdpProblem[] = [];
  readonly #report: (
    id: SdpProblemId,
    severity: SdpProblem['severity'],
    line: number | undefined,
    text: string,
  ) => void;
  readonly #session = emptyLevel();
  readonly #sections: SectionDraft[] = [];
  readonly #bundles: BundleGroup[] = [];
  #lite: Placed<true> | undefined;
  #candidates = 0;
  #said = new Set<string>();
  #line = 0;

  constructor(text: string, type: DescriptionType | undefined) {
    this.#text = text;
    this.#type = type;
    this.#report = problemList(this.#problems, type);
  }

  read(): Description {
    if (this.#text.length > sdpLimits.characters) this.#tooMuch(`${sdpLimits.characters} characters`);
    const lines = this.#text.slice(0, sdpLimits.characters).split(/\r\n|\r|\n/, sdpLimits.lines + 1);
    if (lines.length > sdpLimits.lines) this.#tooMuch(`${sdpLimits.lines} lines`);
    let understood = 0;
    for (const given of lines.slice(0, sdpLimits.lines)) {
      this.#line++;
      const line = given.trim();
      if (line === '') continue;
      const [, kind = '', content = ''] = /^([a-z])=(.*)$/s.exec(line) ?? [];
      // No line of SDP has control characters, and an answer of ours repeats parts of some.
      if (kind === '' || hasControl(content)) {
        this.#report('malformed-line', 'warning', this.#line, `"${shown(line)}" is no line of SDP.`);
        continue;
      }
      understood++;
      if (kind === 'm') this.#beginSection(line);
      else if (kind === 'a') this.#attribute(content);
      if (this.#sections.length > sdpLimits.sections) {
        this.#sections.pop();
        this.#tooMuch(`${sdpLimits.sections} m= sections`);
        break;
      }
    }
    if (understood === 0 || !/(^|[\r\n])\s*v=/.test(this.#text.slice(0, 1000)))
      this.#report('not-sdp', 'error', undefined, 'This is not SDP: a session description begins with a line "v=0".');

    const sections = this.#sections.map((draft, index) => this.#finish(draft, index));
    const session = factsOf(this.#session);
    const without = {
      type: this.#type,
      session,
      lite: this.#lite,
      bundles: this.#bundles,
      sections,
      transports: transportsOf(session, sections, this.#bundles, this.#session.endOfCandidates !== undefined),
    };
    return { ...without, problems: [...this.#problems, ...problemsOf(without)] };
  }

  #tooMuch(what: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    const line = this.#line === 0 ? undefined : this.#line;
    this.#report('too-large', 'warning', line, `It has more than ${what}; the rest was not read.`);
  }

  #malformed(attribute: string): void {
    this.#report(
      'malformed-line',
      'warning',
      this.#line,
      `"${shown(attribute)}" does not follow the attribute's form.`,
    );
  }

  #beginSection(line: string): void {
    const media = parse(line).media[0];
    const formats = media?.payloads === undefined ? [] : word(media.payloads).split(/\s+/).filter(Boolean);
    if (media?.type === undefined) {
      this.#report(
        'malformed-line',
        'error',
        this.#line,
        `"${shown(line)}" is no media line: kind, port, protocol, formats.`,
      );
    }
    this.#sections.push({
      ...emptyLevel(),
      line: this.#line,
      kind: media?.type === undefined ? 'unknown' : word(media.type),
      port: whole(media?.port, 0, 65_535) ?? 0,
      protocol: media?.protocol === undefined ? '' : word(media.protocol),
      formats: formats.slice(0, 256),
      mid: undefined,
      bundleOnly: false,
      rtcpMux: undefined,
      sctpPort: undefined,
      maxMessageSize: undefined,
      sctpMap: undefined,
      sdes: undefined,
      names: new Map(),
      parameters: new Map(),
      candidates: [],
    });
  }

  #attribute(content: string): void {
    const colon = content.indexOf(':');
    const name = colon < 0 ? content : content.slice(0, colon);
    const section = this.#sections.at(-1);
    const here = { line: this.#line };
    if (this.#levelAttribute(name, content, section ?? this.#session)) return;
    if (section) this.#sectionAttribute(name, content, section);
    else if (name === 'ice-lite') this.#lite ??= { value: true, ...here };
    else if (name === 'group') {
      const group = parse(`a=${content}`).groups?.[0];
      if (!group) this.#malformed(content);
      else if (group.type === 'BUNDLE' && this.#bundles.length < sdpLimits.sections)
        this.#bundles.push({
          mids: word(group.mids).trim().split(/\s+/).filter(Boolean).slice(0, sdpLimits.sections),
          ...here,
        });
    }
  }

  /** Attributes that may stand at either level; true when it was one. A repetition counts for nothing: the first holds. */
  #levelAttribute(name: string, content: string, level: Level): boolean {
    const line = this.#line;
    switch (name) {
      case 'setup': {
        const setup = parse(`a=${content}`).setup;
        if (setup === 'active' || setup === 'passive' || setup === 'actpass' || setup === 'holdconn')
          level.setup ??= { value: setup, line };
        else
          this.#report(
            'unknown-setup',
            'error',
            line,
            `"${shown(content)}" is none of active, passive and actpass, so the DTLS role stays open.`,
          );
        return true;
      }
      case 'fingerprint':
        this.#fingerprint(content, level);
        return true;
      case 'tls-id': {
        // The library does not know it. RFC 8842 §4: 20 to 255 characters.
        const value = content.slice('tls-id:'.length).trim();
        if (/^[\w+/-]{20,255}$/.test(value)) level.tlsId ??= { value, line };
        else this.#malformed(content);
        return true;
      }
      case 'ice-ufrag': {
        const value = parse(`a=${content}`).iceUfrag;
        if (value !== undefined && word(value) !== '') level.ufrag ??= { value: word(value), line };
        else this.#malformed(content);
        return true;
      }
      case 'ice-pwd': {
        const value = parse(`a=${content}`).icePwd;
        if (value !== undefined && word(value) !== '') level.pwd ??= { value: word(value), line };
        else this.#malformed(content);
        return true;
      }
      case 'ice-options':
        // The library keeps the first word alone. Sections repeat it with the same words.
        level.iceOptions ??= {
          value: content.slice('ice-options:'.length).trim().split(/\s+/).filter(Boolean).slice(0, 16),
          line,
        };
        return true;
      case 'end-of-candidates':
        level.endOfCandidates ??= { value: true, line };
        return true;
      case 'sendrecv':
      case 'sendonly':
      case 'recvonly':
      case 'inactive':
        level.direction ??= name;
        return true;
      default:
        return false;
    }
  }

  #sectionAttribute(name: string, content: string, section: SectionDraft): void {
    const line = this.#line;
    switch (name) {
      case 'candidate': {
        if (this.#candidates >= sdpLimits.candidates) {
          this.#tooMuch(`${sdpLimits.candidates} candidates`);
          break;
        }
        this.#candidates++;
        const candidate = readCandidate(content, line);
        if (candidate) section.candidates.push(candidate);
        else this.#report('malformed-candidate', 'warning', line, `"${shown(content)}" is no ICE candidate.`);
        break;
      }
      case 'mid': {
        const mid = mediaAttribute(content)?.mid;
        if (mid !== undefined && word(mid) !== '') section.mid ??= { value: word(mid), line };
        else this.#malformed(content);
        break;
      }
      case 'rtcp-mux':
        section.rtcpMux ??= { value: true, line };
        break;
      case 'bundle-only':
        section.bundleOnly = true;
        break;
      case 'crypto':
        section.sdes ??= { value: true, line };
        break;
      case 'sctp-port': {
        const port = whole(Number(mediaAttribute(content)?.sctpPort ?? Number.NaN), 0, 65_535);
        if (port === undefined) this.#malformed(content);
        else section.sctpPort ??= { value: port, line };
        break;
      }
      case 'max-message-size':
        section.maxMessageSize ??= whole(mediaAttribute(content)?.maxMessageSize, 0, Number.MAX_SAFE_INTEGER);
        break;
      case 'sctpmap':
        section.sctpMap ??= { value: content.slice('sctpmap:'.length), line };
        break;
      case 'rtpmap': {
        const [rtp] = mediaAttribute(content)?.rtp ?? [];
        const payload = whole(rtp?.payload, 0, 127);
        if (rtp === undefined || payload === undefined) this.#malformed(content);
        else section.names.set(payload, content.slice(content.indexOf(' ') + 1).trim());
        break;
      }
      case 'fmtp': {
        const [fmtp] = mediaAttribute(content)?.fmtp ?? [];
        const payload = whole(fmtp?.payload, 0, 127);
        if (fmtp !== undefined && payload !== undefined) section.parameters.set(payload, word(fmtp.config));
        break;
      }
      default:
        // Codec feedback, header extensions, SSRCs: nothing that DTLS or ICE depend on.
        break;
    }
  }

  #fingerprint(content: string, level: Level): void {
    const found = parse(`a=${content}`).fingerprint;
    const hash = found === undefined ? '' : word(found.type).toLowerCase();
    const digits = found === undefined ? '' : word(found.hash);
    const complain = (why: string): void =>
      this.#report('malformed-fingerprint', 'error', this.#line, `The fingerprint can not be read: ${why}.`);
    if (digits === '') {
      complain('it has the form "fingerprint:sha-256 AB:CD:…"');
      return;
    }
    const value = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(digits) ? fromHex(digits) : undefined;
    if (value === undefined) {
      complain(`"${shown(digits)}" is not pairs of hexadecimal digits with a colon between each`);
      return;
    }
    const wanted = hashLengths[hash];
    if (wanted !== undefined && wanted !== value.length) {
      complain(`${hash} has ${wanted} bytes, and there are ${value.length}`);
      return;
    }
    if (level.fingerprints.length < sdpLimits.fingerprints) level.fingerprints.push({ hash, value, line: this.#line });
    else this.#tooMuch(`${sdpLimits.fingerprints} fingerprints in one place`);
  }

  #finish(draft: SectionDraft, index: number): Section {
    // TLS over TCP (RFC 4583's BFCP) is not DTLS.
    const byProtocol = /(^|\/)D?TLS(\/|$)/.test(draft.protocol) && !draft.protocol.startsWith('TCP/TLS');
    return {
      index,
      line: draft.line,
      kind: draft.kind,
      port: draft.port,
      protocol: draft.protocol,
      formats: draft.formats,
      rejected: draft.port === 0 && !draft.bundleOnly,
      dtls: byProtocol || draft.fingerprints.length > 0 || this.#session.fingerprints.length > 0,
      mid: draft.mid,
      direction: draft.direction ?? this.#session.direction ?? 'sendrecv',
      bundleOnly: draft.bundleOnly,
      rtcpMux: draft.rtcpMux,
      sctpPort: draft.sctpPort,
      maxMessageSize: draft.maxMessageSize,
      sctpMap: draft.sctpMap,
      sdes: draft.sdes,
      codecs: codecsOf(draft),
      own: factsOf(draft),
      candidates: draft.candidates,
      endOfCandidates: draft.endOfCandidates,
    };
  }
}

const factsOf = ({ setup, fingerprints, tlsId, ufrag, pwd, iceOptions }: Level): TransportFacts => ({
  setup,
  fingerprints,
  tlsId,
  ufrag,
  pwd,
  iceOptions,
});

function codecsOf({ formats, names, parameters }: SectionDraft): readonly Codec[] {
  return formats.flatMap((format) => {
    const payload = /^\d{1,3}$/.test(format) ? Number(format) : -1;
    const name = names.get(payload);
    return name === undefined ? [] : [{ payload, name, parameters: parameters.get(payload) }];
  });
}

/** A section's own facts, where it has none the session's (RFC 8122 §5, RFC 8839 §5.4). */
export const effective = (own: TransportFacts, session: TransportFacts): TransportFacts => ({
  setup: own.setup ?? session.setup,
  fingerprints: own.fingerprints.length > 0 ? own.fingerprints : session.fingerprints,
  tlsId: own.tlsId ?? session.tlsId,
  ufrag: own.ufrag ?? session.ufrag,
  pwd: own.pwd ?? session.pwd,
  iceOptions: own.iceOptions ?? session.iceOptions,
});

/** Which sections share a 5-tuple, and what counts for it. */
function transportsOf(
  session: TransportFacts,
  sections: readonly Section[],
  bundles: readonly BundleGroup[],
  sessionEnd: boolean,
): readonly SdpTransport[] {
  const live = sections.filter(({ rejected, dtls }) => !rejected && dtls);
  const byMid = new Map<string, Section>();
  for (const section of live) if (section.mid && !byMid.has(section.mid.value)) byMid.set(section.mid.value, section);
  const groups: Section[][] = [];
  const grouped = new Set<Section>();
  for (const { mids } of bundles) {
    const group: Section[] = [];
    for (const mid of mids) {
      const section = byMid.get(mid);
      if (section === undefined || grouped.has(section)) continue;
      grouped.add(section);
      group.push(section);
    }
    if (group.length > 0) groups.push(group);
  }
  for (const section of live) if (!grouped.has(section)) groups.push([section]);
  groups.sort((a, b) => (a[0]?.index ?? 0) - (b[0]?.index ?? 0));
  return groups.map((group) => {
    // The tagged section speaks for all; what it leaves open, the others may say.
    const facts = group.reduce<TransportFacts>(
      (sum, { own }) => effective(sum, own),
      effective(group[0]?.own ?? session, session),
    );
    // An offer may still have a transport for each section (RFC 8843 §7.2): candidates under another ufrag are none of this one's.
    const same = group.filter(({ own: { ufrag } }) => ufrag === undefined || ufrag.value === facts.ufrag?.value);
    return {
      ...facts,
      sections: group.map(({ index }) => index),
      candidates: unlike(same.flatMap(({ candidates }) => candidates)),
      endOfCandidates: sessionEnd || same.some(({ endOfCandidates }) => endOfCandidates !== undefined),
    };
  });
}

/** Bundled sections repeat their candidates. */
function unlike(candidates: readonly SdpCandidate[]): readonly SdpCandidate[] {
  const seen = new Map<string, SdpCandidate>();
  for (const candidate of candidates) {
    const { component, transport, address, port, type } = candidate;
    const key = [component, transport, address, port, type].join(' ');
    if (!seen.has(key)) seen.set(key, candidate);
  }
  return [...seen.values()];
}
