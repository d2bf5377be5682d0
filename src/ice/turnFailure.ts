/** What a TURN server refuses, by code, and in words that say what to do about it. */
import { socketText } from '../base/ip.ts';
import { unreachable } from '../base/unreachable.ts';
import { find, type StunAttribute } from '../wire/stun.ts';
import type { TransportAddress } from './api.ts';

export type TurnRequest = 'Allocate' | 'Refresh' | 'CreatePermission' | 'ChannelBind';

/** Why the server did not do what was asked; each with the request that it was. */
export type TurnFailure = { readonly during: TurnRequest } & (
  | { readonly code: 'silent'; readonly sendings: number; readonly ms: number }
  | { readonly code: 'unproved' }
  | { readonly code: 'no-credentials'; readonly realm: string | undefined }
  | { readonly code: 'wrong-credentials'; readonly realm: string | undefined; readonly number: number }
  | { readonly code: 'stale-nonce'; readonly tries: number }
  | { readonly code: 'no-challenge' }
  | { readonly code: 'weakened' }
  | { readonly code: 'forbidden'; readonly peer: TransportAddress | undefined }
  | { readonly code: 'allocation-mismatch' }
  | { readonly code: 'quota' }
  | { readonly code: 'no-capacity' }
  | { readonly code: 'family'; readonly number: number }
  | { readonly code: 'transport' }
  | { readonly code: 'try-alternate'; readonly server: TransportAddress | undefined }
  | { readonly code: 'not-understood'; readonly attributes: readonly number[] }
  | { readonly code: 'too-many-peers'; readonly most: number }
  | { readonly code: 'bad-answer'; readonly what: string }
  | { readonly code: 'error'; readonly number: number; readonly reason: string }
);

/** A failure in words: what happened, and what to do about it. Names no user and no password. */
export function describeTurnFailure(failure: TurnFailure): { readonly why: string; readonly fix: string } {
  const { during } = failure;
  switch (failure.code) {
    case 'silent':
      return {
        why: `the TURN server answered none of ${failure.sendings} ${during} requests in ${Math.round(failure.ms)} ms`,
        fix: 'Check the server’s address and port, and that UDP gets there and back: many networks let TURN pass over TCP or TLS alone.',
      };
    case 'unproved':
      return {
        why: `the TURN server answered ${during}, but not under our password, so its answers could not be believed`,
        fix: 'Client and server have different passwords for this user, or somebody in between answers.',
      };
    case 'no-credentials':
      return {
        why: `the TURN server wants a user and a password${realmText(failure.realm)} (401), and none were given`,
        fix: 'Give them with --turn turn:USER:PASSWORD@HOST:PORT.',
      };
    case 'wrong-credentials':
      return {
        why: `the TURN server does not accept this user and password${realmText(failure.realm)} (${failure.number} to ${during})`,
        fix: 'Check both; credentials that an app hands out (REST API) are valid for some minutes or hours only, and their user name begins with when that ends.',
      };
    case 'stale-nonce':
      return {
        why: `the TURN server called our nonce expired ${failure.tries} times in a row (438 to ${during}), each time after giving a new one`,
        fix: 'Its nonces live too short for the path, or several servers behind one address do not share them.',
      };
    case 'no-challenge':
      return {
        why: `the TURN server refused ${during} for want of credentials (401), but named no realm or no nonce to make them for`,
        fix: 'The server breaks RFC 8489 §9.2.4; is it a TURN server?',
      };
    case 'weakened':
      return {
        why: `the TURN server’s nonce promises a choice of password algorithms, and its answer to ${during} has none`,
        fix: 'Somebody between may have taken them out to weaken the protection (RFC 8489 §9.2.5), so nothing more was sent.',
      };
    case 'forbidden':
      return {
        why:
          failure.peer === undefined
            ? `the TURN server forbids ${during} (403)`
            : `the TURN server gives no permission to reach ${failure.peer} (403)`,
        fix: 'Its rules deny that peer: private, loopback and its own addresses often are. See denied-peer-ip and allowed-peer-ip of coturn.',
      };
    case 'allocation-mismatch':
      return {
        why: `the TURN server and we disagree on whether this socket has an allocation (437 to ${during})`,
        fix: 'An earlier allocation of the same address and port may still live, or the server was restarted. Try again from another port.',
      };
    case 'quota':
      return {
        why: 'this user has all the allocations that the TURN server allows (486)',
        fix: 'Wait until old ones have expired (10 minutes as a rule), or raise user-quota.',
      };
    case 'no-capacity':
      return {
        why: 'the TURN server has no relay address or port left (508)',
        fix: 'Try again later, or widen its port range.',
      };
    case 'family':
      return {
        why:
          failure.number === 443
            ? 'the relayed address and the peer are of different families, IPv4 and IPv6 (443)'
            : 'the TURN server relays no addresses of that family (440)',
        fix: 'Ask for the family that the peer has, or use a server that has both.',
      };
    case 'transport':
      return {
        why: 'the TURN server relays no UDP (442)',
        fix: 'DTLS needs UDP between relay and peer: use another server.',
      };
    case 'try-alternate':
      return {
        why: `the TURN server sends us elsewhere (300)${failure.server === undefined ? '' : `: ${failure.server}`}`,
        fix: 'Nothing is sent where nobody told us to. Give that address yourself if you trust it.',
      };
    case 'not-understood':
      return {
        why: `the TURN server does not understand ${failure.attributes.map((code) => `0x${code.toString(16).padStart(4, '0')}`).join(', ') || 'an attribute'} of our ${during} (420)`,
        fix: 'It may be a STUN server without TURN.',
      };
    case 'too-many-peers':
      return {
        why: `permissions are kept for ${failure.most} peers, and this would be one more`,
        fix: 'Fewer candidates.',
      };
    case 'bad-answer':
      return { why: `the TURN server’s answer to ${during} ${failure.what}`, fix: 'The server breaks RFC 8656.' };
    case 'error':
      return {
        why: `the TURN server refused ${during}: ${failure.number}${failure.reason === '' ? '' : ` ${failure.reason}`}`,
        fix: failure.number >= 500 ? 'The trouble is the server’s; its log will say more.' : 'See the server’s log.',
      };
    default:
      return unreachable(failure);
  }
}

const realmText = (realm: string | undefined): string => (realm === undefined ? '' : ` for the realm "${realm}"`);

/** What an error answer means (RFC 8656 §19, RFC 8489 §14.8), those apart that ask for credentials (401 and 438). */
export function refusal(
  during: TurnRequest,
  peer: TransportAddress | undefined,
  number: number,
  reason: string,
  attributes: readonly StunAttribute[],
): TurnFailure {
  switch (number) {
    case 300: {
      const body = find(attributes, 'ALTERNATE-SERVER');
      return { during, code: 'try-alternate', server: body && socketText(body.address, body.port) };
    }
    case 403:
      return { during, code: 'forbidden', peer };
    case 420:
      return { during, code: 'not-understood', attributes: find(attributes, 'UNKNOWN-ATTRIBUTES')?.types ?? [] };
    case 437:
      return { during, code: 'allocation-mismatch' };
    case 440:
    case 443:
      return { during, code: 'family', number };
    case 441:
      return { during, code: 'wrong-credentials', realm: undefined, number };
    case 442:
      return { during, code: 'transport' };
    case 486:
      return { during, code: 'quota' };
    case 508:
      return { during, code: 'no-capacity' };
    default:
      return { during, code: 'error', number, reason };
  }
}

/** What is no fault of one peer alone: credentials, allocation and server are the same for all. */
const shared: ReadonlySet<TurnFailure['code']> = new Set([
  'silent',
  'unproved',
  'no-credentials',
  'wrong-credentials',
  'stale-nonce',
  'no-challenge',
  'weakened',
  'allocation-mismatch',
]);
export const endsAllocation = ({ code }: TurnFailure): boolean => shared.has(code);
