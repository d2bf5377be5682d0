/** The failures that dtlscope was begun for: S1 to S9 of those in the field. */
import type { Story } from './model.ts';

/** A leaf and two issuers of 2,700 bytes, of which there is a test key. */
const chain2700 = 'ecdsa-p256,chain=3,ca=rsa-2048,size=2700';

export const seeds: readonly Story[] = [
  {
    id: 'no-timer-on-uplink',
    rows: ['S2', '39'],
    title: 'A client without a timer on a full uplink',
    seen: 'In a conference the connection of some participants comes up, that of others fails after half a minute, and on a quiet line all is well.',
    cause:
      'The uplink is full of media, so that a flight of the client is dropped now and then, and the client never sends it again, because nobody drives the timer of its DTLS library.',
    cure: 'Let the application ask the library when its timer is due (DTLSv1_get_timeout) and serve it (DTLSv1_handle_timeout) for as long as the handshake runs.',
    threads: ['meetecho/janus-gateway#1345', 'baresip/re#401'],
    chance: true,
    failing: {
      label: 'sends each flight once',
      target: 'sim',
      options: {
        versions: ['1.2'],
        certGen: ['rsa-2048'],
        quirk: ['no-retransmission'],
        link: ['licode-uplink'],
        seed: ['4'],
      },
      gives: { outcome: 'stalled', leads: 'peer-never-retransmits', must: ['flight-lost'] },
    },
    mended: {
      label: 'sends it again',
      target: 'sim',
      options: { versions: ['1.2'], certGen: ['rsa-2048'], link: ['licode-uplink'], seed: ['4'] },
      gives: { outcome: 'established', leads: 'flight-lost', mustNot: ['peer-never-retransmits'] },
    },
  },
  {
    id: 'turn-buffer',
    rows: ['S7', '8'],
    title: 'A flight in one datagram, and a relay that receives 1600 bytes',
    seen: 'Through the relay no handshake completes: the client repeats its ClientHello, the gateway answers each time, and with a small certificate everything works.',
    cause:
      'The gateway drains a memory BIO in one go and sends the whole flight with its certificate chain of 2,700 bytes as one datagram, of which the relay keeps the first 1600 bytes.',
    cure: 'Send record by record, or pack records into datagrams up to the MTU; a smaller certificate only hides it.',
    threads: ['versatica/mediasoup#1100', 'ossrs/srs#3565', 'elixir-webrtc/ex_dtls#31'],
    failing: {
      label: 'the flight as one datagram',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], packing: ['flight'], link: ['turn-1600'] },
      gives: { outcome: 'truncated', leads: 'datagram-truncated', must: ['flight-unsplit'] },
    },
    mended: {
      label: 'packed up to the MTU',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], link: ['turn-1600'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
];
