import type { Handshake } from '../../analysis/model.ts';
import type { TurnFact } from '../../trace/pathFacts.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf, wasHeard } from '../story.ts';
import { count, list } from '../words.ts';

export const turnPermissionMissing = rule(
  {
    id: 'turn-permission-missing',
    title: 'The relay lets nothing of the peer through',
    signature:
      'A run through TURN: datagrams go out over the relay, none of the peer comes back, and the relay gave no permission for the peer, or took it back.',
    doc: {
      why: 'A TURN server passes on what comes from an address only after CreatePermission or ChannelBind named it. Without that the ClientHello reaches the peer, and its answer ends at the relay; or the relay refuses to send to that address at all. Users met it in aiortc/aiortc#413.',
      fix: 'Look at the answer to CreatePermission: 403 is the policy of the relay (coturn: allowed-peer-ip and denied-peer-ip, no-loopback-peers), 437 an allocation that is gone, 443 a family of addresses that the allocation has not. The peer must be able to reach the relayed address too.',
    },
    see: 'RFC 8656 §9',
  },
  (handshake) => {
    const { them, us } = storyOf(handshake);
    const facts = handshake.path.flatMap(({ kind, fact }) => (kind === 'turn' ? [fact] : []));
    const relay = facts.find(isAllocated);
    const sent = handshake.datagrams.filter(({ from }) => from === us);
    if (!relay || sent.length === 0 || wasHeard(handshake, them) || handshake.establishedAt !== undefined)
      return undefined;
    const refusals = facts.filter(isRefusal);
    const permitted = facts.flatMap((fact) => (fact.kind === 'permitted' ? [fact.peer] : []));
    if (refusals.length === 0 && permitted.length > 0) return undefined;
    const [first] = refusals;
    const went = `${count(sent.length, 'datagram')} of the ${us} went to the relay ${relay.server} (relayed address ${relay.relayed}), and nothing of the ${them} came back`;
    return {
      // Who refuses is the end of it; a permission that nobody asked for may be one that the trace lacks.
      severity: first && endedByRelay(handshake) ? 'error' : 'warning',
      why: first
        ? `${went}. The relay gave no permission: ${list(refusals.slice(0, 2).map(({ why }) => why))}.`
        : `${went}. No permission for the ${them} was ever given, so that the relay drops what it sends.`,
      fix:
        first?.fix ||
        'Ask for a permission (CreatePermission or ChannelBind) for the address that the peer sends from, and renew it every five minutes. coturn refuses by allowed-peer-ip, denied-peer-ip and no-loopback-peers.',
      evidence: evidenceOf(sent),
    };
  },
);

const isAllocated = (fact: TurnFact): fact is Extract<TurnFact, { readonly kind: 'allocated' }> =>
  fact.kind === 'allocated';
const isRefusal = (fact: TurnFact): fact is Extract<TurnFact, { readonly kind: 'peer-refused' }> =>
  fact.kind === 'peer-refused';

/** The outcome is the relay's refusal; elsewhere the rule of what was seen last leads. */
const endedByRelay = ({ refused }: Handshake): boolean => refused.length > 0;
