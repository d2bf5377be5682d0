import { helloFacts, isPostQuantum, sizesText } from '../hello.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf } from '../story.ts';

export const postQuantumKeyShare = rule(
  {
    id: 'post-quantum-key-share',
    title: 'The ClientHello is large because of a post-quantum key share',
    signature: 'A ClientHello with a key share of a group with ML-KEM needs more than one datagram.',
    doc: {
      why: "The key share of a group with ML-KEM has more than a thousand bytes, so the ClientHello needs several datagrams: one that is lost costs a timer, and some servers can't put it together.",
      fix: 'Nothing, where the server answers. Otherwise try without it: --disable-features=WebRtcPqcForDtls in Chromium, media.webrtc.enable_pq_hybrid_kex set to false in Firefox.',
    },
    see: 'RFC 9147 §5.5',
  },
  (handshake) => {
    const hello = handshake.parameters.offer?.keyShares.some(isPostQuantum) ? helloFacts(handshake) : undefined;
    if (!hello?.share || hello.sizes.length < 2 || hello.bytes === undefined) return undefined;
    const answered = handshake.flights.some(({ from, number }) => from === 'server' && number > hello.flight.number);
    return {
      severity: 'info',
      why: `The ClientHello has ${hello.bytes} bytes, ${hello.share.bytes} of them the ${hello.share.name} key share, and needs ${sizesText(hello.sizes)}: one that is lost costs a timer, and some servers cannot put it together. ${
        answered ? 'This one did.' : 'This one was not seen to answer.'
      }`,
      fix: answered
        ? 'Nothing here. Where the same client meets an older gateway that stays silent, this is the first thing to try without (WebRtcPqcForDtls in Chromium, media.webrtc.enable_pq_hybrid_kex in Firefox).'
        : 'Try without it: --disable-features=WebRtcPqcForDtls in Chromium, media.webrtc.enable_pq_hybrid_kex set to false in Firefox.',
      evidence: evidenceOf(datagramsOf(handshake, hello.packets)),
    };
  },
);
