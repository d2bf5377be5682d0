/**
 * Our ICE and DTLS in somebody else's description: the media stays as its author wrote it, while name, password,
 * fingerprint, role and candidates become ours, and back again. Text in, text out, line by line, without the grammar library:
 * this runs inside a page that is looked at, at the moment when the page asks for its own description.
 */
import type { Setup } from './sdpModel.ts';
import { answerSetup } from './sdpRoles.ts';

/** What is ours in the description. */
export interface StandIn {
  readonly ufrag: string;
  readonly pwd: string;
  /** As after "a=fingerprint:": "sha-256 AB:CD:…". */
  readonly fingerprints: readonly string[];
  /** As after "a=": "candidate:1 1 udp …". */
  readonly candidates: readonly string[];
  /** In an offer; an answer chooses what fits what was offered, and `active` or `passive` as this says. */
  readonly setup: 'actpass' | 'active' | 'passive';
  /** What an answer takes where the offer leaves the choice. */
  readonly preferred: 'active' | 'passive';
}

/** Attributes that belong to the transport, not to the media above it. */
const ofTransport =
  /^a=(?:ice-ufrag|ice-pwd|fingerprint|setup|tls-id|candidate|remote-candidates|end-of-candidates|rtcp)(?::|$)/;
/** In browsers it stands with the transport, and says nothing that is not true of ours too. */
const nowhere = 'IN IP4 0.0.0.0';

/** The same description with our transport in every section that is on. `offered`: the offer that it answers. */
export function standIn(native: string, ours: StandIn, offered?: string): string {
  const [session, ...sections] = split(native);
  const offers = offered === undefined ? undefined : split(offered);
  const [first] = ours.candidates;
  const [, , , , address = '', port = '9'] = first?.split(' ') ?? [];
  const place = first === undefined ? nowhere : `IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
  return join([
    session.filter(media),
    ...sections.map((lines, index) => {
      const rest = lines.filter(media);
      if (isOff(lines)) return rest;
      const setup = offers ? answerSetup(setupOf(offers[index + 1]) ?? setupOf(offers[0]), ours.preferred) : ours.setup;
      const own = [
        `a=ice-ufrag:${ours.ufrag}`,
        `a=ice-pwd:${ours.pwd}`,
        ...ours.fingerprints.map((value) => `a=fingerprint:${value}`),
        `a=setup:${setup}`,
        ...ours.candidates.map((value) => `a=${value}`),
      ];
      return [...rest.map((line) => withPlace(line, first === undefined ? '9' : port, place)), ...own];
    }),
  ]);
}

/**
 * A description of ours with the transport of `native` put back, whatever else was changed in it: what a page gives to
 * `setLocalDescription` is what `standIn` made of the browser's own, perhaps edited.
 */
export function giveBack(ours: string, native: string): string {
  const [session, ...sections] = split(ours);
  const [nativeSession, ...natives] = split(native);
  return join([
    [...session.filter(media), ...nativeSession.filter((line) => !media(line))],
    ...sections.map((lines, index) => {
      const from = natives[index];
      const rest = lines.filter(media);
      if (!from) return rest;
      const port = /^m=\S+ (\d+)/.exec(from[0] ?? '')?.[1] ?? '9';
      const place = from.find((line) => line.startsWith('c='))?.slice(2) ?? nowhere;
      const off = isOff(lines);
      return [
        ...rest.map((line) => (off ? line : withPlace(line, port, place))),
        ...from.filter((line) => !media(line)),
      ];
    }),
  ]);
}

export interface TakenCandidate {
  /** As after "a=". */
  readonly candidate: string;
  readonly sdpMLineIndex: number;
}

/** A description without its candidates, and these. */
export function takeCandidates(sdp: string): { readonly sdp: string; readonly taken: readonly TakenCandidate[] } {
  const parts = split(sdp);
  const taken = parts
    .slice(1)
    .flatMap((lines, sdpMLineIndex) =>
      lines
        .filter((line) => line.startsWith('a=candidate:'))
        .map((line) => ({ candidate: line.slice(2), sdpMLineIndex })),
    );
  const kept = parts.map((lines) => lines.filter((line) => !/^a=(?:candidate:|end-of-candidates)/.test(line)));
  return { sdp: join(kept), taken };
}

/** The first a=setup of a description. */
export const readSetup = (sdp: string): Setup | undefined => setupOf(split(sdp).flat());

function setupOf(lines: readonly string[] | undefined): Setup | undefined {
  for (const line of lines ?? []) {
    const value = /^a=setup:(active|passive|actpass|holdconn)\s*$/.exec(line)?.[1];
    if (value !== undefined) return value as Setup;
  }
  return undefined;
}

const media = (line: string): boolean => !ofTransport.test(line);

/** Port 0 without a=bundle-only (RFC 8843 §6). */
const isOff = (lines: readonly string[]): boolean =>
  /^m=\S+ 0(?:\s|$)/.test(lines[0] ?? '') && !lines.includes('a=bundle-only');

/** The default destination (RFC 8839 §4.2.1.2); port 0 of a bundled section stays. */
function withPlace(line: string, port: string, place: string): string {
  if (line.startsWith('c=')) return `c=${place}`;
  return line.replace(/^(m=\S+) [1-9]\d*/, `$1 ${port}`);
}

/** The session's lines, then those of each section, m= first. */
function split(sdp: string): [string[], ...string[][]] {
  const parts: [string[], ...string[][]] = [[]];
  for (const line of sdp.split(/\r\n|\r|\n/)) {
    if (line === '') continue;
    if (line.startsWith('m=')) parts.push([line]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

const join = (parts: readonly (readonly string[])[]): string =>
  parts.flatMap((lines) => lines.map((line) => `${line}\r\n`)).join('');
