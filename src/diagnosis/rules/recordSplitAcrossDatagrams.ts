import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count } from '../words.ts';

export const recordSplitAcrossDatagrams = rule(
  {
    id: 'record-split-across-datagrams',
    title: 'A record runs over the end of its datagram',
    signature:
      'A record header declares more bytes than its datagram has, and the next datagrams of the same side begin with no record header and fill up just what is missing.',
    doc: {
      why: 'A record may not be spread over datagrams: receivers drop both parts. It happens where what a memory BIO holds is cut at the MTU, in place of at the ends of records.',
      fix: 'Cut between records: hand each write of the TLS library to the socket as it is, and tell the library the MTU, so that it makes records that fit (elixir-webrtc/ex_dtls#31, versatica/mediasoup#1100).',
    },
    see: 'RFC 6347 §4.1.1',
  },
  (handshake) => {
    const { splitRecords, stop } = storyOf(handshake);
    const [first] = splitRecords;
    if (!first) return undefined;
    const { datagram, start, declared, rest, to } = first;
    return {
      severity: stop.kind === 'split-record' ? 'error' : 'warning',
      why: `${capitalised(count(splitRecords.length, 'record'))} of the ${datagram.from} ${splitRecords.length === 1 ? 'runs' : 'run'} over the end of ${splitRecords.length === 1 ? 'its' : 'their'} datagram. The one that begins at byte ${start} of datagram ${datagram.packet} declares ${declared} bytes with its header: ${to - start} are there, and the rest is in the next ${rest.length === 1 ? 'datagram' : count(rest.length, 'datagram')}, which ${rest.length === 1 ? 'begins' : 'begin'} with no record header. Other tools show those as plain UDP; receivers drop all of it.`,
      fix: `Let the ${datagram.from} cut between records: send each write of its TLS library as one datagram, and set the MTU in the library (SSL_set_mtu with SSL_OP_NO_QUERY_MTU in OpenSSL).`,
      evidence: evidenceOf([...new Set(splitRecords.flatMap((one) => [one.datagram, ...one.rest]))]),
    };
  },
);
