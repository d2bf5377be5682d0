/**
 * What a DTLS 1.2 client and server wait for, and what each message leads to (RFC 6347 §4.2, RFC 5246 §7.3). The engine
 * refuses by these tables, failures list what was expected from them, and documentation and panel draw them. Signals have
 * the RFC's names. Besides what is listed, every state but the two ends may go to `closed` and `failed` (`always`).
 */
import type { Machine } from './machine.ts';

export const client12 = {
  idle: { about: 'nothing was sent yet', on: { start: ['awaitServerHello'] } },
  awaitServerHello: {
    about: 'the ClientHello is out; a server may first ask for a cookie, more than once (RFC 6347 §4.2.1)',
    on: { hello_verify_request: ['awaitServerHello'], server_hello: ['awaitCertificate'] },
  },
  awaitCertificate: {
    about: 'parameters are agreed; every suite we offer authenticates the server by certificate',
    on: { certificate: ['awaitServerKeyExchange'] },
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
    about: 'our Finished is out; the server promised a session ticket (RFC 5077 §3.3)',
    on: { new_session_ticket: ['awaitChangeCipherSpec'] },
  },
  awaitChangeCipherSpec: {
    about: 'the server is to switch to the new keys; a ticket that nobody promised is let through and ignored',
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
  idle: { about: 'not listening yet', on: { start: ['awaitClientHello'] } },
  awaitClientHello: {
    about: 'listening; with cookies on, nothing is kept until an address is proved (RFC 6347 §4.2.1)',
    on: { client_hello: ['awaitClientHello', 'awaitCertificate', 'awaitClientKeyExchange'] },
  },
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
    about: 'the client is to switch to the new keys',
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

export type ClientState12 = keyof typeof client12;
export type ServerState12 = keyof typeof server12;
