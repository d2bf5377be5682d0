/**
 * What a client and a server wait for, and what each message leads to (RFC 6347 §4.2, RFC 5246 §7.3; RFC 8446 §A, RFC 9147 §5).
 * The engine refuses by these tables, failures list what was expected from them, and documentation and panel draw them.
 * Signals have the RFC's names. The openings settle the version and hand over to the table of that version. Besides what is
 * listed, every state but the two ends may go to `closed` and `failed` (`always`).
 */
import type { Machine } from './machine.ts';

export const clientOpening = {
  idle: { about: 'nothing was sent yet', on: { start: ['awaitServerHello'] } },
  awaitServerHello: {
    about: 'the ClientHello is out; a server may first ask for a cookie, more than once (RFC 6347 §4.2.1)',
    on: { hello_verify_request: ['awaitServerHello'], server_hello: ['dtls12', 'dtls13'] },
  },
  dtls12: { about: 'the server chose DTLS 1.2: the table client12 goes on', on: {} },
  dtls13: { about: 'the server chose DTLS 1.3: the table client13 goes on', on: {} },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;

export const serverOpening = {
  idle: { about: 'not listening yet', on: { start: ['awaitClientHello'] } },
  awaitClientHello: {
    about: 'listening; with cookies on, nothing is kept until an address is proved (RFC 6347 §4.2.1, RFC 9147 §5.1)',
    on: { client_hello: ['awaitClientHello', 'dtls12', 'dtls13'] },
  },
  dtls12: { about: 'DTLS 1.2 is what both speak: the table server12 goes on', on: {} },
  dtls13: { about: 'both speak DTLS 1.3: the table server13 goes on', on: {} },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;

export const client12 = {
  awaitCertificate: {
    about: 'parameters are agreed; every suite we offer authenticates the server by certificate',
    on: { certificate: ['awaitServerKeyExchange', 'awaitCertificateRequest'] },
  },
  awaitServerKeyExchange: {
    about: 'the server is to sign its key share (RFC 8422 §5.4)',
    on: { server_key_exchange: ['awaitCertificateRequest'] },
  },
  awaitCertificateRequest: {
    about: 'the server may ask for our certificate, or be done',
    on: {
      certificate_request: ['awaitServerHelloDone'],
      server_hello_done: ['awaitNewSessionTicket', 'awaitChangeCipherSpec'],
    },
  },
  awaitServerHelloDone: {
    about: 'the server has asked for our certificate',
    on: { server_hello_done: ['awaitNewSessionTicket', 'awaitChangeCipherSpec'] },
  },
  awaitNewSessionTicket: {
    about: 'our Finished is out, or a session is resumed; the server promised a session ticket (RFC 5077 §3.3)',
    on: { new_session_ticket: ['awaitChangeCipherSpec'] },
  },
  awaitChangeCipherSpec: {
    about: 'the server is to switch to the new keys; a ticket that nobody promised is let through',
    on: { new_session_ticket: ['awaitChangeCipherSpec'], change_cipher_spec: ['awaitFinished'] },
  },
  awaitFinished: { about: 'the server is to prove that it saw the same handshake', on: { finished: ['connected'] } },
  connected: {
    about: 'application data flows; renegotiation is refused (RFC 8827 §6.5)',
    on: { hello_request: ['connected'] },
  },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;

export const server12 = {
  awaitCertificate: {
    about: 'the client was asked for its certificate, and answers with one or with none',
    on: { certificate: ['awaitClientKeyExchange'] },
  },
  awaitClientKeyExchange: {
    about: 'the client is to send its key share',
    on: { client_key_exchange: ['awaitCertificateVerify', 'awaitChangeCipherSpec'] },
  },
  awaitCertificateVerify: {
    about: 'the client is to prove that the certificate is its own (RFC 5246 §7.4.8)',
    on: { certificate_verify: ['awaitChangeCipherSpec'] },
  },
  awaitChangeCipherSpec: {
    about: 'the client is to switch to the new keys; of a session that is resumed, ours are in use',
    on: { change_cipher_spec: ['awaitFinished'] },
  },
  awaitFinished: { about: 'the client is to prove that it saw the same handshake', on: { finished: ['connected'] } },
  connected: {
    about: 'application data flows; the last flight is sent again to a client that repeats its own',
    on: { client_hello: ['connected'] },
  },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;

export const client13 = {
  awaitServerHelloAgain: {
    about: 'the server asked for another key share or a cookie, and got it; it may not ask twice (RFC 8446 §4.1.4)',
    on: { server_hello: ['awaitEncryptedExtensions'] },
  },
  awaitEncryptedExtensions: {
    about: 'parameters are agreed; from here on everything is encrypted',
    on: { encrypted_extensions: ['awaitCertificateRequest', 'awaitFinished'] },
  },
  awaitCertificateRequest: {
    about: 'the server may ask for our certificate, and shows its own',
    on: { certificate_request: ['awaitCertificate'], certificate: ['awaitCertificateVerify'] },
  },
  awaitCertificate: {
    about: 'the server has asked for our certificate, and is to show its own',
    on: { certificate: ['awaitCertificateVerify'] },
  },
  awaitCertificateVerify: {
    about: 'the server is to prove that the certificate is its own (RFC 8446 §4.4.3)',
    on: { certificate_verify: ['awaitFinished'] },
  },
  awaitFinished: { about: 'the server is to prove that it saw the same handshake', on: { finished: ['connected'] } },
  connected: {
    about: 'our Finished is out, and sent again until it is acknowledged; application data flows',
    on: { new_session_ticket: ['connected'], key_update: ['connected'] },
  },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;

export const server13 = {
  awaitClientHelloAgain: {
    about: 'the client was asked for another key share',
    on: { client_hello: ['awaitCertificate', 'awaitFinished'] },
  },
  awaitCertificate: {
    about: 'the client was asked for its certificate, and answers with one or with none',
    on: { certificate: ['awaitCertificateVerify', 'awaitFinished'] },
  },
  awaitCertificateVerify: {
    about: 'the client is to prove that the certificate is its own (RFC 8446 §4.4.3)',
    on: { certificate_verify: ['awaitFinished'] },
  },
  awaitFinished: { about: 'the client is to prove that it saw the same handshake', on: { finished: ['connected'] } },
  connected: {
    about: 'application data flows; a client that repeats its last flight gets its ACK again',
    on: { key_update: ['connected'] },
  },
  closed: { about: 'one side sent close_notify', on: {} },
  failed: { about: 'something ended the association', on: {} },
} as const satisfies Machine;
