import { answerOf, extensionPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { extension } from '../negotiation.ts';
import { endedBy, refusalAs } from '../refusals.ts';

export const extendedMasterSecretMissing = rule(
  {
    id: 'extended-master-secret-missing',
    title: 'The extended master secret was not agreed on',
    signature:
      'DTLS 1.2 or older: one of the hellos lacks extended_master_secret; an error where one side ends the handshake over it.',
    doc: {
      why: 'Without it the keys are not bound to the handshake that made them, and a man in the middle can give two connections the same keys: the keys of SRTP are taken from these. Stacks that demand it (pion, BouncyCastle by settings) end the handshake with handshake_failure or insufficient_security. Users met it in sipsorcery-org/sipsorcery#1149.',
      fix: 'Switch it on at the side that lacks it: OpenSSL since 1.1.0 and mbedTLS (MBEDTLS_SSL_EXTENDED_MASTER_SECRET) have it, pion: ExtendedMasterSecret in its Config, SIPSorcery: update.',
    },
    see: 'RFC 7627 §5.3',
  },
  (handshake) => {
    const { offer, version } = handshake.parameters;
    const refusal = refusalAs(handshake, 'extended-master-secret-missing');
    const answer = answerOf(handshake);
    const hello = messageOf(handshake, 'client', 'client_hello');
    const offers = offer?.extensions.includes(extension.extendedMasterSecret) ?? false;
    const fix = `Switch extended_master_secret on at the ${offers ? 'server' : 'client'}: OpenSSL has it since 1.1.0, mbedTLS with MBEDTLS_SSL_EXTENDED_MASTER_SECRET, pion with ExtendedMasterSecret; SIPSorcery needs an update.`;
    const evidence = [hello, answer?.message].flatMap((message) =>
      extensionPlaces(handshake, message, extension.extendedMasterSecret),
    );
    if (refusal) return endedBy(refusal, fix, evidence);
    if (!hello || !answer || version === '1.3' || answer.extensions.includes(extension.extendedMasterSecret))
      return undefined;
    const ended = handshake.establishedAt === undefined ? '' : ' The handshake completed all the same.';
    return {
      severity: 'warning',
      why: `${
        offers
          ? "The client offers extended_master_secret, and the server's answer has none"
          : 'The client does not offer extended_master_secret'
      }: the keys are not bound to this handshake, and peers that demand it refuse.${ended}`,
      fix,
      evidence,
    };
  },
);
