/**
 * One sentence for each field that somebody may meet for the first time: what it is for, and what it tells when a
 * handshake fails. Keys are names as codecs and trees spell them, `parent.name` where the name alone has several meanings,
 * and `extension NAME` for extensions by their IANA name.
 */

const sentences: Readonly<Record<string, string>> = {
  // Datagram and record layer.
  datagram: 'The payload of one UDP packet: whole records, one after the other, never a part of one.',
  record: 'The unit that is protected and numbered; several may share a datagram, none spans two.',
  'record.type': 'What the record holds: handshake, alert, ChangeCipherSpec or application data.',
  'record.version':
    'The version of the record format; first ClientHellos say DTLS 1.0 here whatever they offer, so it is no sign of an old peer.',
  epoch: 'How often this side has switched keys: 0 is in the clear, 1 is under the keys of the handshake.',
  sequence_number: 'Counts the records of this side within the epoch, so that replays and gaps can be seen.',
  'record.sequence_number':
    'Counts the records of this side within the epoch; a retransmission has new numbers, and a gap is a record that was lost or sent elsewhere.',
  'record.length': 'How many bytes of this record follow; more than the datagram has means that it was cut on the way.',
  'record.fragment': 'The content of the record, in the clear or protected.',
  fragment: 'A part of a handshake message; the message is put together from its parts, in any order.',
  nonce_explicit: 'The part of the nonce that travels with the record; most stacks put epoch and sequence number here.',
  IV: 'Random bytes that make equal contents encrypt differently.',
  tag: 'Proves that header and content are as the sender made them; a wrong one makes the record be dropped in silence.',
  MAC: 'Proves that header and content are as the sender made them.',
  encrypted: 'Protected bytes; with the secrets of a key log the content is shown beside.',
  encrypted_record: 'Protected bytes, with the content type hidden among them.',
  unified_header: 'The short header of protected records in DTLS 1.3, with as little in the clear as can be.',
  first_byte: 'Which fields follow, how long the number is, and the low bits of the epoch.',
  connection_id: 'Finds the connection of the record when the address has changed.',
  zeros: 'Padding, so that the length of the record tells less.',
  ack: 'Which records arrived, so that only the others are sent again.',
  application_data: 'What the connection is for; in WebRTC this is SCTP, while media goes beside DTLS as SRTP.',
  'change_cipher_spec.type': 'Always 1.',
  missing: 'Bytes of the message that never came, or not yet.',
  unparsed: 'Bytes that could not be read as any field.',

  // Handshake header.
  handshake: 'A handshake message or a part of one, behind a header that says which part.',
  msg_type: 'Which handshake message this is.',
  'handshake.length': 'The size of the whole message, the same in each of its fragments.',
  message_seq: 'Counts the handshake messages of this side; a retransmitted message keeps its number.',
  fragment_offset: 'Where in the message this fragment begins.',
  fragment_length: 'How many bytes of the message this fragment brings; equal to length when the message is whole.',

  // Messages.
  hello_request: 'The server asks the client to start a new handshake; nothing in WebRTC uses it.',
  client_hello: 'The client opens the handshake and says all that it can do.',
  hello_verify_request:
    'The server asks for the ClientHello again with its cookie, to see that the address is real; no sign of trouble.',
  server_hello: 'The server chooses version, cipher suite and extensions from what was offered.',
  certificate: 'The chain that proves who the sender is, its own certificate first; by far the largest message.',
  server_key_exchange: 'The server’s half of the key agreement, signed with the key of its certificate.',
  certificate_request: 'The server wants a certificate of the client too, as WebRTC always does.',
  server_hello_done: 'The server has said all that it has to say in this flight.',
  client_key_exchange: 'The client’s half of the key agreement.',
  certificate_verify: 'The sender’s signature over the handshake so far: it holds the key of its certificate.',
  finished: 'A check of the whole handshake by both sides; the first message under the new keys.',
  new_session_ticket: 'State that the client may bring back later to shorten a handshake.',
  change_cipher_spec: 'From the next record on, this side uses the keys that were agreed.',
  alert: 'An error or a farewell; a fatal one ends the connection.',
  'alert.level': 'A warning may be survived; fatal ends the connection at once.',
  'alert.description': 'What the sender complains about.',

  // Fields of hellos.
  client_version: 'The highest version offered, unless the extension supported_versions says more.',
  server_version: 'The version chosen; in HelloVerifyRequest it is DTLS 1.0 whatever will be chosen.',
  random: 'Fresh bytes that make every handshake different; a retransmitted hello keeps them, and key logs name it.',
  session_id: 'Names an earlier session to resume; empty when there is none.',
  cookie: 'What the server gave in HelloVerifyRequest, brought back to prove that the address can receive.',
  cipher_suites: 'The suites that the client would use, best first.',
  suite: 'Key exchange, signature, encryption and hash under one number.',
  cipher_suite: 'The suite that the server chose.',
  compression_methods: 'Only null has been used for many years.',
  compression_method: 'Only null has been used for many years.',
  extensions: 'What was added to the protocol since: groups, signatures, SRTP and more.',
  extension: 'One addition to the protocol; a server may only answer those that the client sent.',
  extension_type: 'Which extension this is, by its IANA number.',
  extension_data: 'The body of the extension; its layout depends on type and message.',
  length: 'How many bytes follow in this field.',
  data: 'The content of the field, behind its length.',

  // Extensions.
  'extension server_name': 'The host name that the client wants to talk to; WebRTC has none.',
  'extension supported_groups': 'Curves and other groups that the client can agree on keys with.',
  'extension ec_point_formats': 'How points of curves may be written; only uncompressed is in use.',
  'extension signature_algorithms': 'Signatures that the client can check; the server’s certificate must fit one.',
  'extension signature_algorithms_cert': 'Signatures that the client can check in certificates, where they differ.',
  'extension use_srtp':
    'Agrees on the protection profile for SRTP, whose keys come out of this handshake; without it WebRTC has no media.',
  'extension heartbeat': 'Allows keep-alive messages; nearly nobody uses it since Heartbleed.',
  'extension application_layer_protocol_negotiation':
    'Chooses the protocol above: webrtc or c-webrtc, where it is sent.',
  'extension padding': 'Zeros that bring the hello to a size that old middleboxes can bear.',
  'extension encrypt_then_mac': 'With CBC suites: authenticate what was encrypted, instead of the content.',
  'extension extended_master_secret':
    'Binds the keys to the whole handshake, so that nobody can sit between two of them; expected of everybody today.',
  'extension record_size_limit': 'The largest record that the sender is willing to receive.',
  'extension delegated_credential': 'The client accepts short-lived keys that a certificate vouches for.',
  'extension session_ticket': 'Offers to resume with a ticket, or asks for one when empty.',
  'extension pre_shared_key': 'Names keys of earlier sessions that could be used again.',
  'extension early_data': 'The client sends data before the handshake is done.',
  'extension supported_versions': 'The versions offered, or the one chosen; only this decides about DTLS 1.3.',
  'extension cookie': 'The cookie of a HelloRetryRequest, brought back.',
  'extension psk_key_exchange_modes': 'How keys of earlier sessions may be used.',
  'extension certificate_authorities': 'Authorities whose certificates would be accepted.',
  'extension key_share': 'Public keys for the key agreement of DTLS 1.3, sent along to save a round trip.',
  'extension connection_id': 'Lets records find their connection when the address changes.',
  'extension renegotiation_info': 'Guards against a renegotiation that somebody else started; empty at first.',
  'extension status_request': 'Asks for a fresh statement that the certificate was not revoked.',
  'extension max_fragment_length': 'Asks for smaller records than usual.',
  'extension signed_certificate_timestamp': 'Proof that a certificate was logged in public.',
  'extension compress_certificate': 'Ways in which certificates may be compressed.',
  SRTPProtectionProfiles: 'Profiles for SRTP, best first in an offer and exactly one in an answer.',
  srtp_mki: 'Tells several SRTP keys apart; WebRTC leaves it empty.',
  group: 'A curve or another group for agreeing on keys.',
  named_group_list: 'Groups, best first.',
  ec_point_format_list: 'How the sender can read points of curves.',
  format: 'A way of writing points; uncompressed is the only one in use.',
  method: 'A way of compressing; 0 is none.',
  profile: 'Encryption, authentication and the length of its tag for SRTP, under one number.',
  versions: 'Versions, best first.',
  'versions.version': 'A version that the client would use.',
  selected_version: 'The version that was chosen; server_version stays at DTLS 1.2 for the sake of middleboxes.',
  client_shares: 'A public key for each group that the client guesses the server will take.',
  server_share: 'The server’s public key for this handshake alone.',
  share: 'A public key for one group.',
  server_name_list: 'Names of the server, at most one of each kind.',
  server_name: 'One name of the server.',
  name_type: '0 is a host name, the only kind there is.',
  host_name: 'The host name in the clear, as DNS knows it.',
  'extension_data.record_size_limit': 'The most bytes of content in one record.',
  scheme: 'A signature algorithm with its hash.',
  supported_signature_algorithms: 'Signature algorithms that the sender can check, best first.',
  renegotiated_connection: 'Empty in a first handshake.',
  key_exchange: 'A public key for the group named before it.',

  // Key exchange, signatures, tickets.
  params: 'What the server agrees keys with; the signature behind covers it and both randoms.',
  curve_type: 'Only named curves are in use.',
  named_curve: 'The curve that the server chose from supported_groups.',
  public: 'The server’s public key for this handshake alone.',
  ecdh_Yc: 'The client’s public key for this handshake alone.',
  dh_p: 'The prime of the Diffie-Hellman group.',
  dh_g: 'The generator of the Diffie-Hellman group.',
  dh_Ys: 'The server’s public Diffie-Hellman value.',
  dh_Yc: 'The client’s public Diffie-Hellman value.',
  encrypted_pre_master_secret: 'The secret, encrypted to the server’s RSA key; whoever has that key can read all.',
  algorithm: 'The signature algorithm with its hash.',
  signature: 'Made with the key of the certificate; the other side checks it.',
  'certificate_types.type': 'A kind of key.',
  certificate_types: 'Kinds of keys that the client’s certificate may have.',
  certificate_authorities: 'Authorities that would be accepted; empty means any, as in WebRTC.',
  authority: 'The name of an authority that would be accepted.',
  verify_data: 'A hash over all handshake messages under the agreed secret; when it differs, somebody changed one.',
  ticket_lifetime_hint: 'How long the ticket may be kept, in seconds.',
  ticket: 'The server’s own state, sealed so that only it can read it.',

  // Certificates.
  certificate_list: 'Certificates in order, the sender’s own first, each signed by the next.',
  Certificate: 'A public key, a name, and the signature of whoever vouches for both.',
  tbsCertificate: 'The part that is signed.',
  'tbsCertificate.version': 'The format of the certificate; v3 has extensions.',
  serialNumber: 'Unique among the certificates of one issuer.',
  issuer: 'Who signed the certificate; the same as the subject when it signed itself, as in WebRTC.',
  subject: 'Whom the certificate is about; WebRTC ignores it and compares the fingerprint with the SDP.',
  RelativeDistinguishedName: 'One part of a name.',
  validity: 'From when until when the certificate may be used.',
  notBefore: 'Not valid before this moment: a clock that is slow fails here.',
  notAfter: 'Not valid after this moment.',
  subjectPublicKeyInfo: 'The public key, and what kind of key it is.',
  subjectPublicKey: 'The public key itself.',
  modulus: 'The size of an RSA key; a larger one makes Certificate and signatures larger too.',
  parameters: 'What the algorithm needs to know besides, as the curve; NULL for RSA.',
  bytes: 'The bits themselves, behind their header.',
  RSAPublicKey: 'Modulus and exponent.',
  publicExponent: 'Nearly always 65537.',
  signatureAlgorithm: 'How the certificate was signed.',
  signatureValue: 'The issuer’s signature over tbsCertificate.',
  Extension: 'One addition to the certificate.',
  extnID: 'Which extension this is.',
  critical: 'Whoever does not understand a critical extension must refuse the certificate.',
  extnValue: 'The body of the extension.',
  header: 'Tag and length of the ASN.1 element that follows.',
};

/**
 * The sentence for a field, by its name and those above it (without the numbers of elements), and by its label where it
 * is an extension.
 */
export function fieldHelp(path: readonly string[], label?: string): string | undefined {
  const name = path.at(-1) ?? '';
  const parent = path.at(-2);
  const byLabel = name === 'extension' && label !== undefined ? sentences[`extension ${label}`] : undefined;
  const inPlace = parent === undefined ? undefined : sentences[`${parent}.${name}`];
  return byLabel ?? inPlace ?? sentences[name];
}

/** All keys, for the test that each of them is reached. */
export const fieldHelpKeys: readonly string[] = Object.keys(sentences);
