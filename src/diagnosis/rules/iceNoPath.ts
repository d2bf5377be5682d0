import type { Handshake } from '../../analysis/model.ts';
import { isPrivate } from '../../base/ip.ts';
import { rule } from '../model.ts';
import { type IceFailed, iceFailure, iceReason, stunEvidence, turnRefusals } from '../path.ts';
import { capitalised, fewText } from '../words.ts';

export const iceNoPath = rule(
  {
    id: 'ice-no-path',
    title: 'ICE found no path, so that DTLS never began',
    signature:
      'A run behind signalling: ICE gave up before any DTLS, since its checks met silence or a refusal, its answers proved nothing, or there was no pair to try or none was chosen.',
    doc: {
      why: 'DTLS begins once an ICE check between two addresses was answered. Without that, certificates and DTLS settings have no part in it: what matters is addresses, firewalls, NAT, and whether both sides have the ufrag and password of the same session.',
      fix: 'Silence: see whether the addresses that the peer announces can be reached from here, and let its UDP ports through. A refusal with 401, or answers under another password: compare ice-ufrag and ice-pwd of both descriptions. Answers from elsewhere: let the peer send from the socket that was asked.',
    },
    see: 'RFC 8445 §7.2.5, RFC 8842 §5.1',
  },
  (handshake) => {
    const failed = iceFailure(handshake);
    // A path that was there and is gone is another story, which DTLS has a part in.
    if (!failed || failed.code === 'consent-lost' || handshake.establishedAt !== undefined) return undefined;
    const [relay] = turnRefusals(handshake);
    return {
      severity: 'error',
      why: `${capitalised(iceReason(failed, handshake))}.${triedText(handshake)}`,
      fix: relay?.fix || adviceFor(failed, handshake),
      evidence: stunEvidence(handshake.stun.filter(({ class: cls }) => cls === 'request')),
    };
  },
);

/** What to do, by how ICE failed. */
function adviceFor({ code, number }: IceFailed, handshake: Handshake): string {
  const tried = triedAddresses(handshake);
  switch (code) {
    case 'silent':
      return tried.length > 0 && tried.every(isPrivate)
        ? `All addresses that the peer announces are private (${fewText(tried)}): from outside of its network nothing gets there. Let it announce its public one (Janus: nat_1_1_mapping, mediasoup: announcedAddress, pion: SetNAT1To1IPs, LiveKit: use_external_ip), or go through a relay. Inside of it, see whether a firewall lets these ports through.`
        : `See whether UDP from here reaches ${tried.length > 0 ? fewText(tried) : 'the addresses of the peer'}: often a firewall or security group lets the HTTP port through and the media ports not. If UDP is blocked on this side, go through a relay.`;
    case 'one-way':
      return 'Let the firewall in front of the peer pass what comes from our address, and let the peer answer a check from the address and port that were asked (RFC 8445 §7.3.1.2).';
    case 'refused':
      return number === 401
        ? 'Compare ice-ufrag and ice-pwd of the answer with what the peer has for this session: an answer of an older session, or sessions that are mixed up behind one port, look like this.'
        : 'The log of the peer should say why it refuses the check; 400 means that it misses an attribute, 487 that both want the same role.';
    case 'non-symmetric':
      return 'Let the peer answer from the address and port that were asked (RFC 8445 §7.2.5.2.1): a host with several addresses has to bind a socket to each, and no NAT between may give the answer another port.';
    case 'unproved':
    case 'bad-checks':
      return 'The two sides have descriptions of different sessions: see that the newest offer and its own answer reach both, and that no renegotiation is under way.';
    case 'no-pairs':
      return 'Let the peer announce a candidate over UDP with an address: names that end in .local are looked up by mDNS inside of its network alone, and browsers show addresses to pages that may use the camera.';
    case 'not-nominated':
      return 'The controlling side has to nominate a pair that works (RFC 8445 §8.1.1): see whether the peer got our answers, and whether it knows that it is the controlling one. An ICE lite agent never is.';
    default:
      return 'Look at the ICE checks one by one, and at the log of the peer for what it made of them.';
  }
}

const pairsOf = ({ path }: Handshake) =>
  path.flatMap((event) => (event.kind === 'ice' && event.fact.kind === 'pair' ? [event.fact] : []));

/** Addresses of the peer's that were tried, each once. */
const triedAddresses = (handshake: Handshake): readonly string[] => [
  ...new Set(pairsOf(handshake).map(({ remote }) => remote)),
];

function triedText(handshake: Handshake): string {
  const tried = triedAddresses(handshake);
  const bases = [...new Set(pairsOf(handshake).map(({ base }) => base))];
  return tried.length === 0 ? '' : ` Tried: ${fewText(tried)}, from ${fewText(bases)}.`;
}
