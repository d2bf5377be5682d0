/** Checks of how the peer was reached: they judge trials that were made anyway. */
import type { Check, Known, Made, Verdict } from './model.ts';
import { errorsOf, fail, findingOf, handshakeOf, notApplicable, pass, verdictOf } from './verdicts.ts';

const free = { handshakes: 0, datagrams: 0, seconds: 0 } as const;

export const reachingChecks: readonly Check[] = [
  {
    id: 'handshake',
    group: 'reaching',
    title: 'it completes a handshake',
    demand: 'MUST',
    see: 'RFC 6347 §4.2, RFC 9147 §5',
    how: 'the offer of a browser of today, the smallest hello, and then one thing less at a time',
    findings: [],
    cost: free,
    judge: completes,
  },
  {
    id: 'fingerprint',
    group: 'reaching',
    title: 'its certificate has the fingerprint that was announced',
    demand: 'MUST',
    see: 'RFC 8122 §5, RFC 8842 §5.1',
    how: 'the fingerprint of signalling, or of --fingerprint, is held against the certificate',
    findings: ['fingerprint-mismatch'],
    cost: free,
    judge: fingerprint,
  },
  {
    id: 'whole-records',
    group: 'records',
    title: 'it puts whole records into its datagrams',
    demand: 'MUST',
    see: 'RFC 6347 §4.1.1, RFC 9147 §4.3',
    how: 'its datagrams in the trials of reaching it',
    findings: ['record-split-across-datagrams'],
    cost: free,
    judge: (_, ways) => byFinding(ways, 'record-split-across-datagrams', 'every datagram ends where a record ends'),
  },
  {
    id: 'fresh-numbers',
    group: 'records',
    title: 'no two of its records have the same number',
    demand: 'MUST',
    see: 'RFC 6347 §4.1, RFC 9147 §4.2.1',
    how: 'the record numbers in the trials of reaching it',
    findings: ['record-number-reused'],
    cost: free,
    judge: (_, ways) => byFinding(ways, 'record-number-reused', 'every record has a number of its own'),
  },
  {
    id: 'certificate-request',
    group: 'certificates',
    title: 'its CertificateRequest is one that a client can answer',
    demand: 'MUST',
    see: 'RFC 8446 §4.2.4, RFC 5246 §7.4.4',
    how: 'its CertificateRequest in the trials of reaching it',
    findings: ['empty-certificate-authorities', 'certificate-request-without-ecdsa'],
    cost: free,
    judge: request,
  },
];

function completes(known: Known | undefined, ways: readonly Made[]): Verdict {
  const [first] = ways;
  if (!known)
    return fail(first ? verdictOf(first) : 'no trial was made', {
      findings: first ? errorsOf(first) : [],
      shown: ways.slice(0, 1),
    });
  const { base, version } = known;
  const done = `DTLS ${version} in ${Math.round(durationOf(base))} ms`;
  const fell = ways.filter(({ established }) => !established);
  // What a check of its own is about is that check's to tell.
  const other = base.scenario.options.versions.length < (first?.scenario.options.versions.length ?? 0);
  const [worst] = fell.filter(({ number }) => number > 1);
  if (other && worst)
    return fail(`only with ${base.what}: ${verdictOf(worst)}`, { findings: errorsOf(worst), shown: [worst, base] });
  return pass(fell.length === 0 ? done : `${done}, with ${base.what}`, { shown: [base] });
}

const durationOf = (made: Made): number => {
  const handshake = handshakeOf(made);
  return handshake?.establishedAt === undefined ? 0 : handshake.establishedAt - handshake.startedAt;
};

function fingerprint(_: Known | undefined, ways: readonly Made[]): Verdict {
  const told = ways.filter((made) => (handshakeOf(made)?.fingerprints.length ?? 0) > 0);
  if (told.length === 0) return notApplicable('none was announced: give one with --fingerprint');
  const wrong = told.find((made) => findingOf(made, 'fingerprint-mismatch'));
  if (wrong) return fail(verdictOf(wrong), { findings: ['fingerprint-mismatch'], shown: [wrong] });
  const seen = told.find((made) => handshakeOf(made)?.fingerprints.some(({ matches }) => matches === true));
  return seen ? pass('it is the one that was announced', { shown: [seen] }) : notApplicable('no certificate was seen');
}

/** Fails with a finding of the trials that were made anyway. */
function byFinding(ways: readonly Made[], id: string, good: string): Verdict {
  for (const made of ways) {
    const finding = findingOf(made, id);
    if (finding) return fail(finding.why, { findings: [id], shown: [{ made, evidence: finding.evidence }] });
  }
  const some = ways.find((made) => (handshakeOf(made)?.traffic.server.datagrams ?? 0) > 0);
  return some ? pass(good, { shown: [some] }) : notApplicable('nothing of it was seen');
}

function request(_: Known | undefined, ways: readonly Made[]): Verdict {
  for (const id of ['empty-certificate-authorities', 'certificate-request-without-ecdsa']) {
    const verdict = byFinding(ways, id, '');
    // To ask for RSA alone is allowed; it only shuts out those that have no other certificate.
    if (verdict.status === 'fail') return id.startsWith('empty') ? verdict : { ...verdict, demand: 'habit' };
  }
  const asked = ways.find((made) =>
    handshakeOf(made)?.messages.some(({ name, from }) => from === 'server' && name === 'certificate_request'),
  );
  return asked ? pass('it asks for a certificate as it should', { shown: [asked] }) : notApplicable('it asks for none');
}
