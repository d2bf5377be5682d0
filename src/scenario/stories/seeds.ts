/** The failures that dtlscope was begun for: S1 to S9 of those in the field. */
import { chain2700 } from './common.ts';
import type { Story } from './model.ts';

export const seeds: readonly Story[] = [
  {
    id: 'reassembly-error',
    rows: ['S1'],
    title: 'Wireshark shows a “Reassembly error” in the Certificate',
    seen: 'A capture of a handshake has “Certificate[Reassembly error]” in it, and somebody takes that for the reason why there is no media.',
    cause:
      'A fragment of the certificate was lost, so the flight was sent again and cut in other places, and its fragments overlap those that were there already.',
    cure: 'Nothing is broken, as the handshake completes; whoever wants the second back has to look at what was lost and at which timer brought it again.',
    threads: [],
    measured:
      'OpenSSL 3.0 and GnuTLS 3.7 do just this when a fragment of their certificate is lost: OpenSSL cuts the repetition in other places, GnuTLS in the same.',
    failing: {
      label: 'one fragment is lost',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        quirk: ['refragmented-resend'],
        link: ['out:drop=certificate@1500#1'],
      },
      gives: {
        outcome: 'established',
        leads: 'fragment-lost',
        must: ['retransmission-normal', 'refragmented-retransmission'],
      },
    },
    mended: {
      label: 'nothing is lost',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], quirk: ['refragmented-resend'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'no-timer-on-uplink',
    rows: ['S2', '39'],
    title: 'A client without a timer on a full uplink',
    seen: 'In a conference some participants connect and others fail after half a minute, and on a quiet line all is well.',
    cause:
      'The uplink is full of media, so that a flight of the client is dropped now and then, and the client never sends it again, because nobody drives the timer of its DTLS library.',
    cure: 'Let the application ask the library when its timer is due (DTLSv1_get_timeout) and serve it (DTLSv1_handle_timeout) for as long as the handshake runs.',
    threads: ['meetecho/janus-gateway#1345', 'baresip/re#401'],
    measured:
      'Servers of OpenSSL 3.0 and GnuTLS 3.7 repeat their flight to such a client until the time is up; the tools of both drive their own timers.',
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
    id: 'good-and-bad-pair',
    rows: ['S3'],
    title: 'One client connects, another does not, and an expired certificate is in both',
    seen: 'After hours a gateway ends the handshakes of some clients with an alert about decryption until it is restarted, and the first thing found in the capture is that the client’s certificate has expired.',
    cause:
      'The good run has the same expired certificate, so that is not the reason; the two ClientHellos come from different stacks or settings and lead to other cipher suites (TLS_ECDHE_RSA_… and TLS_RSA_…), which the gateway serves with other code.',
    cure: 'Compare the good run and the bad one field by field, offer what the good one offers, and look in the gateway at what only the other suite needs.',
    threads: [],
    stands:
      'In the simulation a wrong bit in our Finished stands for whatever made the keys of the two sides differ, which nobody has found out.',
    failing: {
      label: 'the bad client: RSA key exchange',
      target: 'sim',
      options: {
        versions: ['1.2'],
        allowWeak: ['on'],
        suites: ['TLS_RSA_WITH_AES_256_CBC_SHA'],
        certGen: ['ecdsa-p256,expired'],
        quirk: ['wrong-finished'],
      },
      gives: {
        outcome: 'alert-received',
        leads: 'finished-decrypt-failure',
        must: ['alert-explained', 'certificate-validity'],
      },
    },
    mended: {
      label: 'the good client: ECDHE',
      target: 'sim',
      options: {
        versions: ['1.2'],
        allowWeak: ['on'],
        suites: ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
        certGen: ['ecdsa-p256,expired'],
      },
      gives: { outcome: 'established', leads: 'certificate-validity' },
    },
  },
  {
    id: 'unstable-cookie',
    rows: ['S4', '32'],
    title: 'A cookie that changes with every ClientHello',
    seen: 'On slow paths the server asks for a cookie again and again and never goes on, and on fast ones everything works.',
    cause:
      'The client repeats its ClientHello before the answer is there, the server makes a new cookie for each of them and forgets the last one, and so every cookie that comes back is an old one.',
    cure: 'Make the cookie from the client’s address and its hello alone (an HMAC), so that the server keeps nothing and the same hello gets the same cookie.',
    threads: ['shinyoshiaki/werift-webrtc#332', 'algesten/dimpl#40', 'pion/dtls#276'],
    failing: {
      label: 'another cookie each time',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        cookie: ['on'],
        quirk: ['cookie-renewed'],
        link: ['delay=700ms'],
      },
      gives: { outcome: 'stalled', leads: 'cookie-not-stable' },
    },
    mended: {
      label: 'the same cookie',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], cookie: ['on'], link: ['delay=700ms'] },
      gives: { outcome: 'established', leads: 'rto-below-rtt', mustNot: ['cookie-not-stable'] },
    },
  },
  {
    id: 'junk-on-timeout',
    rows: ['S5'],
    title: 'A server that sends junk when its timer fires',
    seen: 'As soon as one datagram is lost, the server sends bytes that belong to no message, and the handshake stops or the client reports an unexpected one.',
    cause:
      'The server’s code for repeating a flight is broken, and nobody sees it until a loss makes the timer fire, which hardly ever happens in a laboratory.',
    cure: 'Mend the code that the timer runs, and drop every datagram of a handshake once, in turn, to see that it still completes.',
    threads: [],
    failing: {
      label: 'junk in place of the flight',
      target: 'sim:junk-on-timeout',
      options: { versions: ['1.2'], link: ['in:drop=1'], rto: ['30s'], timeout: ['20s'] },
      gives: { outcome: 'stalled', leads: 'junk-on-timeout', must: ['flight-lost'] },
    },
    mended: {
      label: 'the flight again',
      target: 'sim',
      options: { versions: ['1.2'], link: ['in:drop=1'], rto: ['30s'], timeout: ['20s'] },
      gives: { outcome: 'established', leads: 'flight-lost', mustNot: ['junk-on-timeout'] },
    },
  },
  {
    id: 'role-switch',
    rows: ['S6', '38'],
    title: 'The server becomes the client of the same association',
    seen: 'After a new offer, or when a call is moved, one side begins a new handshake on the old ports with its role changed, and its ClientHello gets no answer.',
    cause:
      'The association is still alive, and there the other side is the client, which takes no ClientHello; a role can not change in an association that exists.',
    cure: 'Signal a new association, with another tls-id and new ICE names, and let that one begin with the new roles.',
    threads: ['sipwise/rtpengine#2157', 'pion/webrtc#3555'],
    failing: {
      label: 'on the old association',
      target: 'sim:role-switch',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: 'stale-association' },
    },
    mended: {
      label: 'on a new one, with the roles changed',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'turn-buffer',
    rows: ['S7', '8'],
    title: 'A flight in one datagram, and a relay that receives 1600 bytes',
    seen: 'Through the relay no handshake completes: the client repeats its ClientHello, the gateway answers each time, and with a small certificate everything works.',
    cause:
      'The gateway drains a memory BIO in one go and sends the whole flight with its certificates of 2,700 bytes as one datagram, of which the relay keeps the first 1600 bytes.',
    cure: 'Send record by record, or pack records into datagrams up to the MTU; a smaller certificate only hides it.',
    threads: ['versatica/mediasoup#1100', 'ossrs/srs#3565', 'elixir-webrtc/ex_dtls#31'],
    measured:
      'Of such a flight of ours a client of OpenSSL 3.0 drops what is cut and asks again, and one of GnuTLS 3.7 ends the handshake with decode_error; packed, both go through.',
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
  {
    id: 'mtu-300',
    rows: ['S8', '7'],
    title: 'An MTU of 300 and a certificate in eleven datagrams',
    seen: 'A capture shows a certificate in many equal fragments of fewer than 300 bytes, and handshakes often take a second or two longer than elsewhere.',
    cause:
      'Somebody set the MTU to 300 to be safe (SSL_set_mtu), which does what it says: eleven datagrams where three would do, of which any can be lost, and each loss costs a timer.',
    cure: 'An MTU of 1200 passes nearly every path; less is only for paths that are known to need it.',
    threads: ['OvenMediaLabs/OvenMediaEngine#2329', 'sipwise/rtpengine#413'],
    measured:
      'OpenSSL 3.0 with an MTU of 300 (328 with its headers) sends the certificate of 2,700 bytes just so, and all is well where nothing is lost.',
    chance: true,
    failing: {
      label: 'an MTU of 300',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        mtu: ['300'],
        link: ['loss=5%'],
        seed: ['1'],
      },
      gives: { outcome: 'established', leads: 'fragment-lost', must: ['tiny-fragments'] },
    },
    mended: {
      label: 'an MTU of 1200',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        mtu: ['1200'],
        link: ['loss=5%'],
        seed: ['1'],
      },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'record-a-datagram',
    rows: ['S9'],
    title: 'Each record in a datagram of its own, where datagrams get lost',
    seen: 'Since the gateway no longer sends its flight as one datagram, handshakes over bad radio links take longer, or fail more often than those of other gateways.',
    cause:
      'Record by record a flight needs twice as many datagrams as have to be, all of them have to arrive, and whatever is lost waits for a timer.',
    cure: 'Pack records into a datagram for as long as they fit the MTU.',
    threads: [],
    measured:
      'Clients of OpenSSL 3.0 and GnuTLS 3.7 take both; the loss of a datagram that packed records do not need costs them a timer.',
    chance: true,
    failing: {
      label: 'one record a datagram',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        packing: ['record'],
        link: ['loss=10%'],
        seed: ['1'],
      },
      gives: { outcome: 'established', leads: 'fragment-lost', must: ['one-record-per-datagram'] },
    },
    mended: {
      label: 'packed up to the MTU',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], link: ['loss=10%'], seed: ['1'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
];
