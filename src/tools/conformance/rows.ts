/**
 * What the RFCs ask of an endpoint of DTLS in WebRTC, as numbered rows, in words of our own. A test that proves a row has its
 * number in front of its name: `it('[75] …')`, or `[76, 78]` for several. A row that no test can have says why; a row of
 * which a part is not there says which. `docs/conformance.md` is made from this and from the names of the tests.
 */

export type Level = 'MUST' | 'SHOULD' | 'recommended';

export interface ConformanceRow {
  readonly id: number;
  readonly level: Level;
  /** What is asked for. */
  readonly demand: string;
  /** Where it stands. */
  readonly source: string;
  /** Why no test has its number. */
  readonly why?: string;
  /** It has tests, and this part of it they do not show, because it is not there or is meant to be otherwise. */
  readonly but?: string;
}

export interface ConformanceTheme {
  readonly title: string;
  readonly rows: readonly ConformanceRow[];
}

export const conformance: readonly ConformanceTheme[] = [
  {
    title: 'Demultiplexing, SDP, WebRTC',
    rows: [
      {
        id: 1,
        level: 'MUST',
        demand:
          'The first byte of a payload decides whether it is STUN, ZRTP, DTLS, ChannelData or RTP; what is none is dropped.',
        source: 'RFC 7983 §7',
      },
      {
        id: 2,
        level: 'MUST',
        demand:
          'An offer says actpass, an answer chooses, whatever role the offer claimed, and the active side sends the ClientHello.',
        source: 'RFC 8842 §5.2–5.4',
      },
      {
        id: 3,
        level: 'MUST',
        demand:
          'Who offers is ready for a ClientHello before the answer is here, and trusts no data before the fingerprint is.',
        source: 'RFC 8842 §5.2',
        but: 'A ClientHello that comes so early is kept, and read once the answer is there: its fingerprint is known before any data. Checks of ICE are answered at once.',
      },
      {
        id: 4,
        level: 'MUST',
        demand: 'A certificate whose hash is none of those that signalling announced ends the association at once.',
        source: 'RFC 8842 §5.1, RFC 8122 §5',
      },
      {
        id: 5,
        level: 'MUST',
        demand: 'Another association has another tls-id, and over UDP another transport or other ICE credentials.',
        source: 'RFC 8842 §4, §5.1, §6',
        why: 'A run is one association on sockets of its own, with ICE credentials of its own, and never negotiates a second one. It writes the tls-id that it is given.',
      },
      { id: 6, level: 'MUST', demand: 'The role holdconn is not used with DTLS.', source: 'RFC 8842 §5.1' },
      {
        id: 7,
        level: 'MUST',
        demand:
          'DTLS 1.2 works with TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 on P-256, and with SRTP_AES128_CM_HMAC_SHA1_80.',
        source: 'RFC 8827 §6.5',
      },
      {
        id: 8,
        level: 'MUST',
        demand:
          'Renegotiation is refused with no_renegotiation, and there is no False Start, no NULL cipher and no MKI.',
        source: 'RFC 8827 §6.5',
      },
      {
        id: 9,
        level: 'MUST',
        demand: 'Suites with forward secrecy are preferred, and of those the ones with an AEAD.',
        source: 'RFC 8827 §6.5',
      },
      {
        id: 10,
        level: 'MUST',
        demand:
          'A server answers use_srtp with one profile that was offered or not at all; a client refuses any other profile, and another MKI.',
        source: 'RFC 5764 §4.1.1, §4.1.3',
      },
      {
        id: 11,
        level: 'MUST',
        demand:
          'SRTP keys are cut from the exporter in the order client key, server key, client salt, server salt, and are there after the handshake only.',
        source: 'RFC 5764 §4.2, §5.1, RFC 5705 §4',
      },
    ],
  },
  {
    title: 'Records, both versions',
    rows: [
      {
        id: 12,
        level: 'MUST',
        demand: 'A record lies in one datagram as a whole; a datagram may hold several, and begins with one.',
        source: 'RFC 6347 §4.1.1, RFC 9147 §4.3',
      },
      {
        id: 13,
        level: 'SHOULD',
        demand:
          'Records are made as large as the path carries, and the layer above can learn that size and what a record adds.',
        source: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
        but: 'An endpoint can be told the size of the path and says of data that is too long how much would fit; it has no question for either figure.',
      },
      {
        id: 14,
        level: 'SHOULD',
        demand: 'Invalid records are dropped without a word to the peer, and the association stays.',
        source: 'RFC 6347 §4.1.2.7, RFC 9147 §4.5.2',
      },
      {
        id: 15,
        level: 'recommended',
        demand: 'One bad record does not cost the other records of its datagram.',
        source: 'RFC 6347 §4.1.1',
      },
      {
        id: 16,
        level: 'MUST',
        demand:
          'Replays are told by a window of at least 32 numbers for each epoch, which only authenticated records move.',
        source: 'RFC 6347 §4.1.2.6, RFC 9147 §4.5.1',
      },
      {
        id: 17,
        level: 'SHOULD',
        demand: 'The window is looked at before a record of DTLS 1.2 is opened, and after one of DTLS 1.3 is.',
        source: 'RFC 6347 §4.1.2.6, RFC 9147 §4.5.1',
      },
      {
        id: 18,
        level: 'MUST',
        demand: 'Record numbers end at 2^48-1 and never wrap, and neither do epochs.',
        source: 'RFC 6347 §4.1, RFC 9147 §4.2.1, §6.1',
        but: 'Epochs are not counted against a limit: in DTLS 1.2 there are two, and in DTLS 1.3 one more needs a KeyUpdate, of which 2^48 take longer than any association.',
      },
      {
        id: 19,
        level: 'MUST',
        demand: 'What is sent again keeps its message_seq and gets record numbers of its own.',
        source: 'RFC 6347 §4.2.2, RFC 9147 §4.2.1',
      },
      {
        id: 20,
        level: 'MUST',
        demand:
          'No more than 2^14 bytes of plaintext, and 2^14+2048 (1.2) or 2^14+256 (1.3) of ciphertext, are taken in a record.',
        source: 'RFC 5246 §6.2, RFC 8446 §5.2',
      },
      {
        id: 21,
        level: 'SHOULD',
        demand:
          'Records of older epochs are listened to while the handshake lasts, then dropped, after a maximum segment lifetime at the latest.',
        source: 'RFC 6347 §4.1',
      },
      {
        id: 22,
        level: 'SHOULD',
        demand: 'Records of the next epoch that come before its keys are kept or dropped, and do no harm.',
        source: 'RFC 6347 §4.1, RFC 9147 §4.2.1',
      },
    ],
  },
  {
    title: 'Records of DTLS 1.2',
    rows: [
      {
        id: 23,
        level: 'MUST',
        demand:
          'A header has 13 bytes; a ClientHello may come under feff or fefd, and in epoch 0 only the major version counts.',
        source: 'RFC 6347 §4.1',
      },
      {
        id: 24,
        level: 'MUST',
        demand: 'Nonce and additional data are made from epoch and number, each cipher in its own way.',
        source: 'RFC 6347 §4.1.2, RFC 5288 §3, RFC 7905 §2',
      },
      { id: 25, level: 'MUST', demand: 'RC4 is never used.', source: 'RFC 6347 §4.1.2.2' },
    ],
  },
  {
    title: 'Records of DTLS 1.3',
    rows: [
      {
        id: 26,
        level: 'MUST',
        demand:
          'A first byte of 001xxxxx is a ciphertext, alert, handshake and ACK have plain headers, and the rest is rejected.',
        source: 'RFC 9147 §4.1',
      },
      {
        id: 27,
        level: 'MUST',
        demand:
          'A header without a length belongs to the last record of its datagram; numbers of 8 and 16 bits are read, a connection ID only where one was agreed.',
        source: 'RFC 9147 §4',
      },
      {
        id: 28,
        level: 'MUST',
        demand:
          'Record numbers are masked with a block made from the first 16 bytes of ciphertext; shorter records are rejected.',
        source: 'RFC 9147 §4.2.3',
      },
      {
        id: 29,
        level: 'SHOULD',
        demand:
          'The number that is nearest to the expected one is meant, and the most recent epoch that fits the two bits.',
        source: 'RFC 9147 §4.2.2',
      },
      {
        id: 30,
        level: 'MUST',
        demand: 'The header without its mask is the additional data, and the nonce holds the number without the epoch.',
        source: 'RFC 9147 §4, §4.2.1',
      },
      {
        id: 31,
        level: 'MUST',
        demand:
          'The content type stands before any zeros of padding; a record of nothing but zeros is refused or dropped.',
        source: 'RFC 8446 §5.4, RFC 9147 §4',
      },
      {
        id: 32,
        level: 'MUST',
        demand:
          'Plain records carry fefd, only the first ClientHello may carry feff, and what a received one says is ignored.',
        source: 'RFC 9147 §4',
        but: 'Of the version in a received record the major byte is looked at, as DTLS 1.2 wants it: what does not begin with fe is taken for another protocol.',
      },
      {
        id: 33,
        level: 'MUST',
        demand: 'Labels of the key schedule begin with "dtls13", without a space.',
        source: 'RFC 9147 §5.9',
      },
      {
        id: 34,
        level: 'SHOULD',
        demand:
          'Records under a key are counted: it is changed in time, too many forgeries end the association, and CCM_8 is not used.',
        source: 'RFC 9147 §4.5.3',
      },
    ],
  },
  {
    title: 'Handshake messages',
    rows: [
      {
        id: 35,
        level: 'MUST',
        demand:
          'Messages have a header of 12 bytes and are numbered from 0; one with a lower number than expected is dropped.',
        source: 'RFC 6347 §4.2.2, RFC 9147 §5.2',
      },
      {
        id: 36,
        level: 'SHOULD',
        demand: 'A message ahead of its turn waits, within bounds.',
        source: 'RFC 6347 §4.2.2',
      },
      {
        id: 37,
        level: 'MUST',
        demand: 'The fragments that are sent cover their message and do not overlap.',
        source: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
      },
      {
        id: 38,
        level: 'MUST',
        demand: 'Fragments are taken in any order, with any overlap.',
        source: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
      },
      {
        id: 39,
        level: 'MUST',
        demand: 'A message is sent again with the same bytes; a peer that changes them gets illegal_parameter.',
        source: 'RFC 9147 §5.5',
        but: 'In epoch 0 nobody can tell whose the bytes are: there a contradiction costs what was gathered of the message, and not the handshake.',
      },
      {
        id: 40,
        level: 'recommended',
        demand:
          'A fragment lies inside its message and agrees with the others on type and length; what is kept of a message is bounded.',
        source: 'RFC 6347 §4.2.3',
      },
      {
        id: 41,
        level: 'MUST',
        demand:
          'The transcript of DTLS 1.2 has each message as one fragment, and leaves out HelloVerifyRequest with the hello before it.',
        source: 'RFC 6347 §4.2.6',
      },
      {
        id: 42,
        level: 'MUST',
        demand:
          'The transcript of DTLS 1.3 has the header of TLS, and a hash in place of a hello that a HelloRetryRequest answered.',
        source: 'RFC 9147 §5.2, RFC 8446 §4.4.1',
      },
      {
        id: 43,
        level: 'MUST',
        demand: 'Messages without a body, and several messages in one record, are read.',
        source: 'RFC 6347 §4.2.2, §4.2.3',
      },
      {
        id: 44,
        level: 'MUST',
        demand: 'ChangeCipherSpec belongs to the flight of Finished in DTLS 1.2, and to nothing in DTLS 1.3.',
        source: 'RFC 6347 §4.2.5, RFC 9147 §5',
      },
      {
        id: 45,
        level: 'MUST',
        demand: 'Data that overtakes Finished is not given out before it.',
        source: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
      },
    ],
  },
  {
    title: 'Cookies, versions, hellos',
    rows: [
      {
        id: 46,
        level: 'MUST',
        demand:
          'A client is ready for a HelloVerifyRequest at every handshake and answers with the same hello and the cookie.',
        source: 'RFC 6347 §4.2.1',
      },
      {
        id: 47,
        level: 'SHOULD',
        demand:
          'A HelloVerifyRequest says DTLS 1.0, which a client takes for nothing; a new one is answered by a new hello.',
        source: 'RFC 6347 §4.2.1',
      },
      {
        id: 48,
        level: 'SHOULD',
        demand: 'Cookies need no state, are bound to the address and the hello, and a wrong one counts as none.',
        source: 'RFC 6347 §4.2.1',
      },
      {
        id: 49,
        level: 'MUST',
        demand: 'HelloVerifyRequest and the first ServerHello carry the record number of the hello that they answer.',
        source: 'RFC 6347 §4.2.1, erratum 5186',
      },
      {
        id: 50,
        level: 'MUST',
        demand:
          'In DTLS 1.3 a HelloRetryRequest carries the cookie; a wrong one is illegal_parameter, a second retry unexpected_message.',
        source: 'RFC 9147 §5.1, §5.2',
      },
      {
        id: 51,
        level: 'MUST',
        demand:
          'A hello of DTLS 1.3 has legacy_version fefd, supported_versions and an empty legacy_cookie; its session id is not echoed.',
        source: 'RFC 9147 §5, §5.3',
      },
      {
        id: 52,
        level: 'MUST',
        demand: 'A client that speaks both versions gets on with a server of DTLS 1.2.',
        source: 'RFC 9147 §5.2',
      },
      {
        id: 53,
        level: 'MUST',
        demand: 'The end of ServerHello.random says when a server of 1.3 was asked for less, and a client looks at it.',
        source: 'RFC 8446 §4.1.3, RFC 9147 §5.3',
      },
      {
        id: 54,
        level: 'SHOULD',
        demand: 'An address that is not proved gets at most three times the bytes that came from it.',
        source: 'RFC 9147 §5.1',
      },
      {
        id: 55,
        level: 'recommended',
        demand: 'Behind ICE the path is proved already, and no cookie is needed.',
        source: 'RFC 9147 §5.1',
      },
      {
        id: 56,
        level: 'MUST',
        demand:
          'The extended master secret is offered and used where both have it, and looked at again when a session is resumed.',
        source: 'RFC 7627 §5.1–5.3',
        but: 'In DTLS 1.2 no session is ever resumed.',
      },
      {
        id: 57,
        level: 'MUST',
        demand: 'Answers hold no extension that was not asked for, and no hello has one twice.',
        source: 'RFC 8446 §4.2, RFC 5246 §7.4.1.4',
      },
      {
        id: 58,
        level: 'MUST',
        demand:
          'A HelloRetryRequest names a group that was offered without a share, and the second hello differs only where it may.',
        source: 'RFC 8446 §4.1.2, §4.1.4',
      },
      {
        id: 59,
        level: 'MUST',
        demand:
          'A CertificateRequest of DTLS 1.3 has signature_algorithms, and certificate_authorities that are empty are none.',
        source: 'RFC 8446 §4.2.4, §4.3.2',
      },
      {
        id: 60,
        level: 'MUST',
        demand:
          'CertificateVerify of DTLS 1.3 signs 64 spaces, a context, a zero and the transcript hash, and never with PKCS1.',
        source: 'RFC 8446 §4.4.3',
      },
      {
        id: 61,
        level: 'MUST',
        demand: 'Finished is compared with what the transcript gives, in both versions.',
        source: 'RFC 5246 §7.4.9, RFC 8446 §4.4.4',
      },
      {
        id: 62,
        level: 'MUST',
        demand: 'A record_size_limit is at least 64, and what is larger than ours may be dropped.',
        source: 'RFC 8449 §4, §5',
        but: 'A server does not answer the extension. The only limit that a client ever offers is the size of a whole record.',
      },
    ],
  },
  {
    title: 'Timers and flights',
    rows: [
      {
        id: 63,
        level: 'SHOULD',
        demand:
          'In DTLS 1.2 a flight is sent again after one second, then after twice as long each time, up to 60 seconds at least.',
        source: 'RFC 6347 §4.2.4.1',
      },
      {
        id: 64,
        level: 'SHOULD',
        demand:
          'In DTLS 1.3 the timer begins with 1000 ms, for SRTP with 400 ms, and with one and a half round trips where ICE knows them.',
        source: 'RFC 9147 §5.8.2',
        but: 'Behind ICE it begins with two round trips, from 50 ms to 3 s, as browsers do; the 400 ms for SRTP are an option, not the default.',
      },
      {
        id: 65,
        level: 'SHOULD',
        demand: 'A longer timeout is kept until an exchange went through without loss.',
        source: 'RFC 6347 §4.2.4.1, RFC 9147 §5.8.2',
      },
      {
        id: 66,
        level: 'recommended',
        demand: 'One timer runs for one flight, and stops or waits once any of the next flight is here.',
        source: 'RFC 6347 §4.2.4, RFC 9147 §7.2',
      },
      {
        id: 67,
        level: 'SHOULD',
        demand: 'After repeated silence on a path of unknown size the flight is cut into smaller records.',
        source: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
        but: 'By default the size stays as it is set; the profiles of stacks that step down say at which retransmission.',
      },
      {
        id: 68,
        level: 'SHOULD',
        demand:
          'When the transport calls a datagram too big, the flight is cut anew at once and the layer above is told.',
        source: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
      },
      {
        id: 69,
        level: 'SHOULD',
        demand: 'ICMP messages that claim a path below 576 (IPv4) or 1280 bytes (IPv6) are ignored.',
        source: 'RFC 9147 §4.4',
        why: 'Simulated paths are narrower than that on purpose, so the endpoint believes what it is told, down to 64 bytes. What the network says of a real path goes through the system, which has such a bound of its own.',
      },
      {
        id: 70,
        level: 'MUST',
        demand:
          'In DTLS 1.2 the last flight is sent again to a peer that repeats the one before, for two maximum segment lifetimes.',
        source: 'RFC 6347 §4.2.4',
      },
      {
        id: 71,
        level: 'MUST',
        demand: 'In DTLS 1.3 a server acknowledges every repeat of the client’s Finished, for as long.',
        source: 'RFC 9147 §5.8.1',
      },
      {
        id: 72,
        level: 'SHOULD',
        demand: 'No more than ten records go out in one burst.',
        source: 'RFC 9147 §5.8.3',
        why: 'A flight is sent as a whole, however many records it takes: a pause in the middle of a flight would have to be a setting of its own, and there is none. At the default MTU a flight with a 3.7 KB chain has eight records.',
      },
      {
        id: 73,
        level: 'MUST',
        demand: 'What is sent again goes out under the epoch and keys of the first time.',
        source: 'RFC 9147 §4.2.1',
      },
    ],
  },
  {
    title: 'ACKs of DTLS 1.3',
    rows: [
      {
        id: 74,
        level: 'MUST',
        demand: 'Only handshake records that were opened, and processed or kept, are acknowledged.',
        source: 'RFC 9147 §7, §7.1',
      },
      {
        id: 75,
        level: 'MUST',
        demand: 'Each flight is acknowledged, unless the next one does it; with an answer at hand there is no ACK.',
        source: 'RFC 9147 §7.1',
      },
      {
        id: 76,
        level: 'SHOULD',
        demand: 'An ACK is sent when something is missing: at a gap, and after a quarter of the timeout.',
        source: 'RFC 9147 §7.1',
      },
      {
        id: 77,
        level: 'MUST',
        demand:
          'During the handshake an ACK is of no lower epoch than the records that it names, after it of the highest.',
        source: 'RFC 9147 §7, erratum 8108',
      },
      {
        id: 78,
        level: 'MUST',
        demand: 'What was acknowledged is not sent again; when all of a flight is, its timer stops.',
        source: 'RFC 9147 §7.2',
      },
      {
        id: 79,
        level: 'MUST',
        demand: 'Anything of the next flight acknowledges all of the one before.',
        source: 'RFC 9147 §7.2',
      },
      {
        id: 80,
        level: 'MUST',
        demand: 'An ACK that comes before DTLS 1.3 is known to be spoken is ignored.',
        source: 'RFC 9147 §7, corrected in rfc9147bis',
      },
      {
        id: 81,
        level: 'MUST',
        demand:
          'KeyUpdate is acknowledged; the new keys wait for that, one is under way at a time, and old keys stay until new ones were seen.',
        source: 'RFC 9147 §5.8.4, §8',
      },
    ],
  },
  {
    title: 'Epochs, alerts, the end',
    rows: [
      {
        id: 82,
        level: 'MUST',
        demand:
          'Epoch 0 is plain, 2 the handshake’s, 3 and later the application’s; what is of no known epoch is dropped.',
        source: 'RFC 9147 §6.1',
      },
      {
        id: 83,
        level: 'MUST',
        demand:
          'Application data in epoch 0 or 2 is no data; alerts and handshake messages in the clear count no more once there are keys.',
        source: 'RFC 9147 §4.2.1',
      },
      {
        id: 84,
        level: 'SHOULD',
        demand: 'Alerts get lost: ours is repeated when what it was about comes again.',
        source: 'RFC 6347 §4.2.7, RFC 9147 §5.10',
      },
      {
        id: 85,
        level: 'MUST',
        demand: 'What comes after the peer’s close_notify is ignored.',
        source: 'RFC 9147 §5.10',
      },
      {
        id: 86,
        level: 'MUST',
        demand:
          'A new ClientHello from the address of a live association may begin a new handshake, and the old one stays until the client is proved.',
        source: 'RFC 6347 §4.2.8, RFC 9147 §5.11',
        but: 'An endpoint has one handshake in its life, so it is the listener that begins another beside it; a run with a single peer names the new hello and ignores it.',
      },
      {
        id: 87,
        level: 'SHOULD',
        demand: 'A peer from which nothing but bad messages comes is given up.',
        source: 'RFC 6347 §4.2.7',
      },
    ],
  },
  {
    title: 'Connection IDs',
    rows: [
      {
        id: 88,
        level: 'MUST',
        demand: 'Connection IDs are negotiated by extension 54; records with one that was not agreed are dropped.',
        source: 'RFC 9146 §3, RFC 9147 §9.1',
        but: 'An endpoint never agrees on one. Captures with connection IDs are read.',
      },
      {
        id: 89,
        level: 'MUST',
        demand: 'The peer’s address does not change for a record with a connection ID unless the new one was tested.',
        source: 'RFC 9146 §6, RFC 9147 §11',
      },
    ],
  },
];
