/**
 * What an endpoint can be made to do wrong, one field for each decision of the engine: absent means the right thing. Fields
 * are independent of each other, so faults of several sources are merged field by field. Which of them make up the failure
 * that people know by a name is the quirks' to say (`src/scenario/quirks`); a profile of a stack may have them as well.
 */

/** What may make an endpoint send a flight again (RFC 6347 §4.2.4, §4.1.1.1; RFC 9147 §5.8, §7.2). */
export type Occasion =
  /** Its timer; without it the endpoint never gives up, either. */
  | 'timeout'
  /** The peer repeats what it answered; of a last flight, see `last-repeat`. */
  | 'repeat'
  /** The peer repeats what the last flight answered. */
  | 'last-repeat'
  | 'ack'
  /** The path carries less: a smaller MTU after silence, or by its own word. */
  | 'narrow-path';

export interface Faults {
  // What is sent, and when ------------------------------------------------------------------------------------------------
  /** Occasions that are slept through. */
  readonly neverAgain?: readonly Occasion[];
  /** What goes out when a timer fires in place of the flight: a record that belongs to none. */
  readonly onTimeout?: 'junk';
  /** What is sent again are the datagrams of the first time: their record numbers, sizes and borders with them. */
  readonly resend?: 'same-datagrams';
  /** The bytes of a flight are cut into datagrams wherever the MTU ends, also in the middle of a record (RFC 6347 §4.1.1). */
  readonly borders?: 'anywhere';
  /**
   * `by-message`: in epoch 0 all fragments of a message have one number. `from-zero`: a server counts from 0 after a cookie
   * exchange, where HelloVerifyRequest had that number already (RFC 6347 §4.2.1).
   */
  readonly numbers?: 'by-message' | 'from-zero';
  /**
   * Once the handshake is complete. `storm`: in DTLS 1.2 the last flight is kept on its timer, and sent at once whenever the
   * peer repeats its own. `begins-anew`, `switches-role`: a new handshake begins on the same addresses, as client.
   * `renegotiates`: in DTLS 1.2 a client asks for another handshake under the keys of this one (RFC 5246 §7.4.1.2).
   */
  readonly afterFinished?: 'storm' | 'begins-anew' | 'switches-role' | 'renegotiates';
  /** The part that is played: that of the other role, whatever was agreed. */
  readonly plays?: 'other-role';

  // What is taken ---------------------------------------------------------------------------------------------------------
  /** Bytes of the receive buffer: the rest of a datagram is lost. */
  readonly receiveBuffer?: number;
  /** What a datagram that is no DTLS (RFC 7983) does to the association. */
  readonly foreign?: 'fatal';
  /** How much of a handshake record is read. */
  readonly reads?: 'first-message';
  /**
   * `in-order`: a fragment counts only where the message that is due goes on. `stable-borders`: it counts only as it was
   * cut when its message began; one that overlaps another in part is ignored.
   */
  readonly reassembly?: 'in-order' | 'stable-borders';
  /** Which ClientHellos a server takes in fragments: none, or only the first, without a cookie. */
  readonly hellosInFragments?: 'none' | 'before-cookie';
  /** What a server knows of a hello when it chooses the version: the extensions that stand whole in its first fragment. */
  readonly versionFrom?: 'first-fragment';
  /** A repeat of a ClientHello, before the handshake is done, begins it anew, with another random. */
  readonly repeatedHello?: 'begins-anew';
  /** What a listener makes of a new ClientHello from the address of a live association (against RFC 6347 §4.2.8). */
  readonly liveHello?: 'ignored';
  /**
   * What DTLS 1.3 makes of the peer's KeyUpdate: `ignored`, as if it had not come, without an ACK; `keys-kept`: it is
   * acknowledged, and what comes under the new keys can't be read (against RFC 9147 §8).
   */
  readonly keyUpdate?: 'ignored' | 'keys-kept';
  /** A message that comes again is hashed again. */
  readonly transcript?: 'with-repeats';
  /** DTLS 1.3: the keys of epoch 2 go as soon as the handshake is complete (against RFC 9147 §5.8.1). */
  readonly handshakeKeys?: 'dropped';
  /** A server's cookies: another for each hello, of which only the newest is good; or one answer for each address, ever. */
  readonly cookies?: 'renewed' | 'once';
  /** What ends the handshake that should not. */
  readonly refuses?: readonly Pickiness[];

  // What is said ----------------------------------------------------------------------------------------------------------
  readonly says?: readonly Misstatement[];
  /** DTLS 1.3: keys under the labels of TLS (against RFC 9147 §5.9). `wrong`: keys that nobody else can come to. */
  readonly keys?: 'tls13-labels' | 'wrong';
}

export type Pickiness =
  /** A signature algorithm in a list that we do not know. */
  | 'unknown-signature-algorithm'
  /** A HelloVerifyRequest of version feff, which is what RFC 6347 §4.2.1 asks for. */
  | 'hello-verify-version'
  /** Any certificate, as expired: what a verifier of web servers makes of those of WebRTC. */
  | 'certificate';

export type Misstatement =
  | 'wrong-finished'
  | 'wrong-signature'
  /** DTLS 1.3: a CertificateRequest with a certificate_authorities extension that lists nobody (against RFC 8446 §4.2.4). */
  | 'empty-certificate-authorities'
  /** DTLS 1.2: certificate_types of a CertificateRequest without ecdsa_sign. */
  | 'no-ecdsa-sign'
  /** DTLS 1.2: a ServerHello of version feff. */
  | 'version-1.0';
