import { changedInHello } from '../causes.ts';
import { plainMessages } from '../lookups.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { list } from '../words.ts';

export const helloChangedAfterCookie = rule(
  {
    id: 'hello-changed-after-cookie',
    title: 'The client changes its hello when it returns the cookie',
    signature:
      'ClientHellos before and after a HelloVerifyRequest differ in version, random, session_id, cipher suites or compression methods.',
    doc: {
      why: 'A client must return the cookie in the same hello, and a server may bind the cookie to all of it. Such a server takes the cookie for a forged one, asks again, and gets another hello: the two turn in a circle as fast as they can. Mbed TLS 2.28 makes a new session_id for each hello that has a session ticket.',
      fix: 'Let the client keep its hello: try it without session tickets. A server is kinder when it binds the cookie to the address and the random alone.',
    },
    see: 'RFC 6347 §4.2.1',
  },
  (handshake) => {
    const fields = changedInHello(handshake);
    if (fields.length === 0) return undefined;
    const { stop } = storyOf(handshake);
    const ended = stop.kind === 'hello-changed';
    return {
      severity: ended ? 'error' : 'info',
      why: `The client's hellos before and after the cookie differ in ${list(fields)}, which it has to repeat. ${
        ended
          ? 'The server takes none of the cookies that come back, as one that binds them to the whole hello, and the handshake turns in a circle.'
          : 'A server that binds its cookie to that would take none; this one was not seen to mind.'
      }`,
      fix: ended
        ? 'Let the client repeat its hello (Mbed TLS 2.28 changes session_id when it has a session ticket: update it, or leave tickets off), or the server bind its cookie to the address and the random alone.'
        : 'Nothing here.',
      evidence: evidenceOf(plainMessages(handshake, 'client_hello').map(({ datagram }) => datagram)),
    };
  },
);
