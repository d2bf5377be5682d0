import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';

/** Problems of session descriptions after which it is open who is the DTLS client. */
const aboutRoles: ReadonlySet<string> = new Set([
  'answer-actpass',
  'holdconn',
  'no-setup',
  'unknown-setup',
  'setup-differs',
]);

export const setupAmbiguous = rule(
  {
    id: 'setup-ambiguous',
    title: 'Signalling leaves open who is the DTLS client',
    signature:
      'A run by signalling: the setup attribute of an offer or answer is missing, unknown, not the same in all sections, or an answer says actpass.',
    doc: {
      why: 'The answer chooses who begins: active or passive. When it says actpass again, or nothing that is known, each side decides by itself, and both wait for the other or both begin. Users met it in havfo/WEBRTC-to-SIP#4.',
      fix: 'Let the answer say active or passive, in every section the same; offers say actpass.',
    },
    see: 'RFC 8842 §5.3',
  },
  (handshake) => {
    const problems = handshake.path.flatMap(({ kind, fact }) =>
      kind === 'signalling' && fact.kind === 'problem' && aboutRoles.has(fact.id) && fact.severity !== 'info'
        ? [fact.text]
        : [],
    );
    const said = [...new Set(problems)].slice(0, shownProblems);
    if (said.length === 0) return undefined;
    return {
      severity: 'warning',
      why: `${said.join(' ')} ${handshake.establishedAt === undefined ? 'When nobody began, or both did, this is why.' : 'The two sides agreed all the same.'}`,
      fix: 'Let the answer say a=setup:active or a=setup:passive, in every section the same; offers say actpass.',
      evidence: evidenceOf(handshake.datagrams.slice(0, 1)),
    };
  },
);
const shownProblems = 3;
