import { serverRandoms } from '../causes.ts';
import { rule } from '../model.ts';
import { refusalAs } from '../refusals.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { count } from '../words.ts';

export const interleavedHandshakes = rule(
  {
    id: 'interleaved-handshakes',
    title: 'One ClientHello is answered by several handshakes',
    signature: 'ServerHellos with different randoms answer ClientHellos with one random.',
    doc: {
      why: 'A ClientHello that is repeated, because its answer was lost or late, is the same one, and must get the same answer. A server that begins anew each time mixes two handshakes: the client has keys and hashes of one, the server of the other.',
      fix: 'Keep the state of a handshake under way for a repeated ClientHello, and send the same flight again. A first timer that fits the round trip makes it rarer. Met in awslabs/amazon-kinesis-video-streams-webrtc-sdk-c#883.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const randoms = serverRandoms(handshake);
    if (randoms.size < 2) return undefined;
    const ended =
      storyOf(handshake).stop.kind === 'interleaved' || refusalAs(handshake, 'interleaved-handshakes') !== undefined;
    const hellos = handshake.flights.find(({ messages }) => messages[0] === 'client_hello');
    return {
      severity: ended ? 'error' : 'warning',
      why: `The server answered one ClientHello${
        hellos && hellos.resentAt.length > 0 ? `, sent ${count(1 + hellos.resentAt.length, 'time')},` : ''
      } with ${count(randoms.size, 'ServerHello', 'ServerHellos')} of different randoms: each time it began anew. ${
        ended
          ? 'The client goes on with one of them and the server with another, so that no Finished fits.'
          : 'The two sides went on with the same one, by luck.'
      }`,
      fix: 'Let the server answer a repeated ClientHello with the very same flight (awslabs/amazon-kinesis-video-streams-webrtc-sdk-c#883).',
      evidence: evidenceOf([...randoms.values()].flat()),
    };
  },
);
