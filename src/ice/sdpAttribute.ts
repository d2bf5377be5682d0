/**
 * One attribute of a section by sdp-transform's grammar, and a candidate out of it: in a description, in a fragment that
 * trickles, or as a page's script has it. What stands there is a stranger's, so numbers and names are held to their bounds.
 */
import { parse } from 'sdp-transform';
import type { SdpCandidate } from './sdpModel.ts';
import { hasControl } from './sdpText.ts';

/**
 * Reads one candidate as `RTCIceCandidate.candidate`, a trickle fragment or a description has it: with or without "a=".
 * `undefined` when it is none.
 */
export function readCandidate(text: string, line = 1): SdpCandidate | undefined {
  const plain = text.trim().replace(/^a=/, '');
  if (plain.length > 1000 || hasControl(plain) || !plain.startsWith('candidate:')) return undefined;
  const found = mediaAttribute(plain)?.candidates?.[0];
  if (!found) return undefined;
  const component = whole(found.component, 1, 256);
  const priority = whole(found.priority, 0, 2 ** 32 - 1);
  const port = whole(found.port, 0, 65_535);
  const address = word(found.ip);
  // The grammar of RFC 8839 allows names and addresses; what else stands there would only travel on into log lines.
  if (component === undefined || priority === undefined || port === undefined || !/^[\w.:%-]{1,255}$/.test(address))
    return undefined;
  return {
    foundation: word(found.foundation),
    component,
    transport: word(found.transport).toLowerCase(),
    priority,
    address,
    port,
    type: word(found.type),
    relatedAddress: found.raddr === undefined ? undefined : word(found.raddr),
    relatedPort: whole(found.rport, 0, 65_535),
    tcpType: found.tcptype === undefined ? undefined : word(found.tcptype),
    ufrag: / ufrag (\S{1,256})/.exec(plain)?.[1],
    line,
  };
}

/** What the grammar makes of one attribute of a section. */
export const mediaAttribute = (content: string) => parse(`m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=${content}`).media[0];

/** The library turns what looks like a number into one; back, exactly. */
export const word = (value: string | number): string => String(value);

export const whole = (value: unknown, min: number, max: number): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
