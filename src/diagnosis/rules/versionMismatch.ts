import type { Handshake } from '../../analysis/model.ts';
import { refusesRecord } from '../alerts.ts';
import { failureText } from '../failures.ts';
import { rule } from '../model.ts';
import { offeredVersions, refusesVerify } from '../refusals.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { list } from '../words.ts';

/** AlertDescription protocol_version (RFC 8446 §6.2). */
const protocolVersion = 70;

export const versionMismatch = rule(
  {
    id: 'version-mismatch',
    title: 'The two sides have no version in common',
    signature:
      'The handshake ends with the alert protocol_version, before the server has chosen a version or by the client, or our endpoint gives up because nothing that was offered is allowed.',
    doc: {
      why: 'One side refuses every version that the other one has to give.',
      fix: 'Let the server take DTLS 1.2 at least, which every WebRTC client has. Browsers refuse DTLS 1.0 (Chromium since 74, Safari); old gateways need OpenSSL 1.1 or newer, and DTLS_method in place of DTLSv1_method: meetecho/janus-gateway#1560, #1555, open-webrtc-toolkit/owt-server#487. A client that takes the version of a HelloVerifyRequest for the chosen one needs mending itself: algesten/dimpl#36.',
    },
    see: 'RFC 8446 §4.2.1',
  },
  (handshake) => {
    const { fatal } = storyOf(handshake);
    const own = handshake.failures.find(({ failure }) => failure.code === 'version');
    if (fatal?.description !== protocolVersion || handshake.establishedAt !== undefined) return undefined;
    const refusing = fatal.from;
    if (refusesRecord(handshake, refusing)) return undefined;
    const told = own
      ? ` ${own.actor === refusing ? 'It' : `The ${own.actor}`} says itself: ${failureText(own.failure)}.`
      : '';
    return {
      severity: 'error',
      why: `${offerText(handshake)} ${chosenText(handshake, refusing)}${told}`,
      fix: fixFor(handshake, refusing),
      evidence: fatal.where ? [fatal.where] : evidenceOf(handshake.datagrams.slice(-1)),
    };
  },
);

function offerText(handshake: Handshake): string {
  const offered = offeredVersions(handshake);
  return offered.length === 0 ? 'What the client offers was not seen.' : `The client offers ${list(offered)}.`;
}

function chosenText(handshake: Handshake, refusing: 'client' | 'server'): string {
  const { version } = handshake.parameters;
  if (refusing === 'server') return 'The server refuses with protocol_version: it allows none of these.';
  if (refusesVerify(handshake, refusing))
    return 'The client refuses the HelloVerifyRequest of the server with protocol_version: it takes the version in it, which is to be DTLS 1.0 whatever is agreed later, for the chosen one.';
  if (version === undefined) return 'The client refuses what the server chose with protocol_version.';
  const gateway =
    version === '1.0'
      ? ' Browsers do (Chromium since 74, Safari): a gateway that has DTLS 1.0 only must be updated.'
      : '';
  return `The server chose DTLS ${version}, which the client refuses with protocol_version.${gateway}`;
}

function fixFor(handshake: Handshake, refusing: 'client' | 'server'): string {
  if (refusing === 'server')
    return 'Let the server take one of the versions offered: DTLS 1.2 at least, which every WebRTC client has.';
  if (refusesVerify(handshake, refusing))
    return 'Let the client take any version in a HelloVerifyRequest, and look at that of the ServerHello alone (RFC 6347 §4.2.1).';
  return 'Let the server choose DTLS 1.2 or newer: browsers refuse DTLS 1.0. Old gateways need a newer TLS library (OpenSSL 1.1 or newer, with DTLS_method in place of DTLSv1_method), and some a setting.';
}
