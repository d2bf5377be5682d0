import type { Handshake } from '../../analysis/model.ts';
import { nameIn, versions } from '../../wire/registry.ts';
import { failureText } from '../failures.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { list } from '../words.ts';

const versionName = nameIn(versions);
/** AlertDescription protocol_version (RFC 8446 §6.2). */
const protocolVersion = 70;

export const versionMismatch = rule(
  {
    id: 'version-mismatch',
    title: 'The two sides have no version in common',
    signature:
      'The handshake ends with the alert protocol_version, or our endpoint gives up because nothing that was offered is allowed.',
    doc: {
      why: 'One side refuses every version that the other one has to give.',
      fix: 'Let the server take DTLS 1.2 at least, which every WebRTC client has. Browsers refuse DTLS 1.0 (Chromium since 74); old gateways need a newer TLS library, and some a setting.',
    },
    see: 'RFC 8446 §4.2.1',
  },
  (handshake) => {
    const { fatal } = storyOf(handshake);
    const own = handshake.failures.find(({ failure }) => failure.code === 'version');
    if (fatal?.description !== protocolVersion || handshake.establishedAt !== undefined) return undefined;
    const refusing = fatal.from;
    const told = own
      ? ` ${own.actor === refusing ? 'It' : `The ${own.actor}`} says itself: ${failureText(own.failure)}.`
      : '';
    return {
      severity: 'error',
      why: `${offerText(handshake)} ${chosenText(handshake, refusing)}${told}`,
      fix:
        refusing === 'server'
          ? 'Let the server take one of the versions offered: DTLS 1.2 at least, which every WebRTC client has.'
          : 'Let the server choose DTLS 1.2 or newer: browsers refuse DTLS 1.0 (Chromium since 74). Old gateways need a newer TLS library, and some a setting.',
      evidence: fatal.where ? [fatal.where] : evidenceOf(handshake.datagrams.slice(-1)),
    };
  },
);

function offerText({ parameters: { offer } }: Handshake): string {
  // TLS versions in a list for DTLS mean nothing, and some clients send them.
  const offered = (offer?.versions ?? []).map(versionName).filter((name) => name.startsWith('DTLS'));
  return offered.length === 0 ? 'What the client offers was not seen.' : `The client offers ${list(offered)}.`;
}

function chosenText({ parameters: { version } }: Handshake, refusing: 'client' | 'server'): string {
  if (refusing === 'server') return 'The server refuses with protocol_version: it allows none of these.';
  return version === undefined
    ? 'The client refuses what the server chose with protocol_version.'
    : `The server chose DTLS ${version}, which the client refuses with protocol_version.`;
}
