/**
 * What is wrong with a description by itself, and with an answer to an offer: everything that keeps ICE or DTLS from
 * coming about, and what some peers refuse. Problems are data with a place and a sentence; nothing here throws.
 */
import { equal } from '../base/bytes.ts';
import type { Description, Placed, SdpProblem, SdpTransport, Section, TransportFacts } from './sdpModel.ts';
import { rolesOf } from './sdpRoles.ts';
import { hashLengths, problemList, shown, usableFingerprints } from './sdpText.ts';

/** Faults of one description. */
export function problemsOf(description: Omit<Description, 'problems'>): readonly SdpProblem[] {
  const { sections, session, transports, type, bundles } = description;
  const problems: SdpProblem[] = [];
  const report = problemList(problems, type);

  if (transports.length === 0) {
    const [first] = sections;
    report(
      'no-dtls',
      'error',
      first?.line,
      sections.length === 0
        ? 'It has no m= section, so there is nothing to connect.'
        : sections.every(({ rejected }) => rejected)
          ? 'Every m= section is off (port 0), so there is nothing to connect.'
          : 'No m= section wants DTLS: neither a protocol such as UDP/TLS/RTP/SAVPF or UDP/DTLS/SCTP, nor a fingerprint.',
    );
  }
  for (const { fingerprints } of [session, ...sections.map(({ own }) => own)]) hashProblems(fingerprints, report);
  for (const transport of transports) transportProblems(description, transport, report);
  differingIdentities(description, report);
  for (const section of sections) sectionProblems(section, report);

  const mids = new Map<string, Section>();
  for (const section of sections) {
    if (!section.mid) continue;
    const { value, line } = section.mid;
    const other = mids.get(value);
    if (other)
      report('mid-twice', 'error', line, `${nameOf(section)} has the mid "${shown(value)}" of ${inSentence(other)}.`);
    else mids.set(value, section);
  }
  for (const { mids: wanted, line } of bundles)
    for (const mid of wanted)
      if (!mids.has(mid))
        report(
          'bundle-unknown-mid',
          'warning',
          line,
          `The BUNDLE group names "${shown(mid)}", and no section has that mid.`,
        );
  return problems;
}

type Report = ReturnType<typeof problemList>;

function hashProblems(fingerprints: TransportFacts['fingerprints'], report: Report): void {
  for (const { hash, line } of fingerprints) {
    if (hash === 'md5' || hash === 'md2')
      report(
        'weak-hash',
        'error',
        line,
        `${hash} must not be used for fingerprints (RFC 8122 §5): others can forge it.`,
      );
    else if (hash === 'sha-1')
      report(
        'weak-hash',
        'warning',
        line,
        'The fingerprint is a SHA-1 hash, which no longer proves a certificate; WebRTC wants sha-256 (RFC 8827 §6.5).',
      );
    else if (hashLengths[hash] === undefined)
      report(
        'unknown-hash',
        'warning',
        line,
        `"${shown(hash)}" is no known hash function, so this fingerprint proves nothing.`,
      );
  }
}

function transportProblems(description: Omit<Description, 'problems'>, transport: SdpTransport, report: Report): void {
  const { type, sections, lite } = description;
  const first = sections[transport.sections[0] ?? 0];
  if (!first) return;
  const who = nameOf(first);
  const { setup, ufrag, pwd, candidates } = transport;

  if (usableFingerprints(transport.fingerprints).length === 0)
    report(
      'no-fingerprint',
      'error',
      transport.fingerprints[0]?.line ?? first.line,
      transport.fingerprints.length === 0
        ? `${who} announces no certificate fingerprint, so no certificate of this side can be accepted (RFC 8827 §6.5).`
        : `${who} has no fingerprint of a hash function that peers compute, so no certificate of this side can be accepted.`,
    );

  if (setup === undefined)
    report(
      'no-setup',
      'warning',
      first.line,
      `${who} does not say which DTLS role this side takes (a=setup). ${
        type === 'answer'
          ? 'RFC 4145 §4 then means passive, but libwebrtc takes the answerer for active.'
          : 'An offer has to say actpass (RFC 8842 §5.2).'
      }`,
    );
  else if (setup.value === 'holdconn')
    report(
      'holdconn',
      'error',
      setup.line,
      `${who} says setup:holdconn: make no connection now. WebRTC does not know it.`,
    );
  else if (setup.value === 'actpass' && type === 'answer')
    report(
      'answer-actpass',
      'error',
      setup.line,
      `${who} answers setup:actpass. An answer must choose, active or passive (RFC 5763 §5); both ends may now wait for the other, or both start.`,
    );

  if (ufrag === undefined || pwd === undefined)
    report(
      'no-ice-credentials',
      'error',
      first.line,
      `${who} has no ${ufrag === undefined ? (pwd === undefined ? 'ice-ufrag and ice-pwd' : 'ice-ufrag') : 'ice-pwd'}, so ICE checks can not be answered.`,
    );
  credentialForm('ice-ufrag', ufrag, 4, report);
  credentialForm('ice-pwd', pwd, 22, report);

  const udp = candidates.filter(({ transport: protocol }) => protocol === 'udp');
  const trickles = transport.iceOptions?.value.includes('trickle') ?? false;
  if (candidates.length > 0 && udp.length === 0)
    report('tcp-only', 'error', candidates[0]?.line, `${who} has TCP candidates alone; DTLS here runs over UDP.`);
  else if (udp.length > 0 && udp.every(({ address }) => /\.local$/i.test(address)))
    report(
      'names-only',
      'info',
      udp[0]?.line,
      `${who} hides its addresses behind names that end in .local; only its own network can look them up (mDNS).`,
    );
  // A full agent may wait for the other side's checks (peer-reflexive); two of them with none each never meet.
  if (candidates.length === 0 && (lite !== undefined || transport.endOfCandidates || (type !== undefined && !trickles)))
    report(
      'no-candidates',
      'warning',
      first.line,
      `${who} has no ICE candidate${transport.endOfCandidates ? ', and says that none will come' : lite ? ', though an ICE-lite agent must have one' : ' and does not say that more will trickle in'}.`,
    );

  inGroup(description, transport, report);
}

/** Bundled sections have one transport, so what each says of it has to be the same (RFC 8843 §7.1.3). */
function inGroup({ sections, type }: Omit<Description, 'problems'>, transport: SdpTransport, report: Report): void {
  const group = transport.sections.flatMap((index) => sections[index] ?? []);
  const [first] = group;
  if (!first) return;
  const compare = (
    id: 'setup-differs' | 'tls-id-differs' | 'ice-credentials-differ',
    what: string,
    pick: (own: TransportFacts) => Placed<string> | undefined,
  ): void => {
    const said = group.flatMap((section) => pick(section.own) ?? []);
    const other = said.find(({ value }) => value !== said[0]?.value);
    if (said[0] && other)
      report(
        id,
        'error',
        other.line,
        `Sections of one BUNDLE group differ in ${what}: "${shown(said[0].value)}" (line ${said[0].line}) and "${shown(other.value)}". They share one connection.`,
      );
  };
  compare('setup-differs', 'a=setup', ({ setup }) => setup);
  compare('tls-id-differs', 'a=tls-id', ({ tlsId }) => tlsId);
  const ufrags = group.flatMap(({ own }) => own.ufrag ?? []);
  const apart = ufrags.find(({ value }) => value !== ufrags[0]?.value);
  // Until the answer bundles them, each section of an offer may have a transport of its own (RFC 8843 §7.2).
  if (apart && type === 'offer') {
    report(
      'ice-credentials-differ',
      'info',
      apart.line,
      `Sections of one BUNDLE group have ICE credentials of their own, as those of an offer may (RFC 8843 §7.2): "${shown(ufrags[0]?.value ?? '')}" (line ${ufrags[0]?.line}) and "${shown(apart.value)}". An answer that bundles them uses the first; GStreamer's webrtcbin refuses such an offer.`,
    );
    return;
  }
  compare('ice-credentials-differ', 'a=ice-ufrag', ({ ufrag }) => ufrag);
  compare('ice-credentials-differ', 'a=ice-pwd', ({ pwd }) => (pwd ? { value: pwd.value, line: pwd.line } : undefined));
}

/** Fingerprints that differ between sections: an error where they share a connection, else worth knowing. */
function differingIdentities({ sections, transports }: Omit<Description, 'problems'>, report: Report): void {
  const sayings = transports.flatMap((transport, number) =>
    transport.sections.flatMap((index) => {
      const section = sections[index];
      return section && section.own.fingerprints.length > 0 ? [{ number, section }] : [];
    }),
  );
  const [first] = sayings;
  if (!first) return;
  for (const { number, section } of sayings) {
    const reference = sayings.find((saying) => saying.number === number) ?? first;
    const line = section.own.fingerprints[0]?.line;
    if (!sameSet(reference.section, section)) {
      report(
        'fingerprints-differ',
        'error',
        line,
        `${nameOf(section)} announces another fingerprint than ${inSentence(reference.section)}, and both share one connection (BUNDLE): one of them will not fit the certificate.`,
      );
      return;
    }
  }
  const apart = sayings.find(({ section }) => !sameSet(first.section, section));
  if (apart)
    report(
      'fingerprints-differ',
      'info',
      apart.section.own.fingerprints[0]?.line,
      `${nameOf(apart.section)} announces another fingerprint than ${inSentence(first.section)}; they are not bundled, so each connection has its own certificate.`,
    );
}

const sameSet = (a: Section, b: Section): boolean => {
  const within = (these: Section, those: Section): boolean =>
    these.own.fingerprints.every(({ hash, value }) =>
      those.own.fingerprints.some((other) => other.hash === hash && equal(other.value, value)),
    );
  return within(a, b) && within(b, a);
};

/** RFC 8839 §5.4: ice-char is a letter, a digit, "+" or "/"; at least `least` and at most 256 of them. */
function credentialForm(name: string, placed: Placed<string> | undefined, least: number, report: Report): void {
  if (placed === undefined) return;
  const { value, line } = placed;
  if (value.length < least || value.length > 256)
    report(
      'malformed-ice-credentials',
      'error',
      line,
      `a=${name} has ${value.length} characters; ${least} to 256 are allowed (RFC 8839 §5.4), and browsers refuse the rest.`,
    );
  else if (!/^[A-Za-z0-9+/]+$/.test(value))
    report(
      'malformed-ice-credentials',
      'warning',
      line,
      `a=${name} has characters beside letters, digits, "+" and "/" (RFC 8839 §5.4); some peers refuse it.`,
    );
}

function sectionProblems(section: Section, report: Report): void {
  if (section.rejected) return;
  const who = nameOf(section);
  if (section.sdes)
    report(
      'sdes',
      section.dtls ? 'info' : 'error',
      section.sdes.line,
      section.dtls
        ? `${who} offers SRTP keys in the SDP (a=crypto) beside DTLS; WebRTC ignores them.`
        : `${who} wants SRTP keys from the SDP (a=crypto) and no DTLS; WebRTC forbids that (RFC 8827 §6.5).`,
    );
  if (!section.dtls) return;
  const rtp = /RTP\//.test(section.protocol);
  if (rtp && !section.rtcpMux)
    report(
      'no-rtcp-mux',
      'warning',
      section.line,
      `${who} does not multiplex RTCP (a=rtcp-mux), so RTCP needs a port and a DTLS handshake of its own; browsers require it.`,
    );
  if (section.sctpMap && !section.sctpPort)
    report(
      'old-data-channel',
      'info',
      section.sctpMap.line,
      `${who} describes its data channel as before RFC 8841 (a=sctpmap); some newer peers refuse it.`,
    );
}

/** What is wrong with an answer to an offer, beyond what is wrong with each. */
export function problemsBetween(offer: Description, answer: Description): readonly SdpProblem[] {
  const problems: SdpProblem[] = [];
  const report = problemList(problems, 'answer');

  if (offer.lite && answer.lite)
    report(
      'lite-both',
      'error',
      answer.lite.line,
      'Both sides are ICE-lite: neither sends checks, so no pair of addresses is ever proved (RFC 8445 §6.1.1).',
    );
  for (const { transport, roles } of rolesOf(offer, answer)) {
    const section = answer.sections[transport.sections[0] ?? 0];
    if (!section) continue;
    const line = transport.setup?.line ?? section.line;
    if (roles.kind === 'both-active')
      report(
        'both-active',
        'error',
        line,
        `${nameOf(section)}: offer and answer both say active, so both send a ClientHello and neither answers one.`,
      );
    else if (roles.kind === 'both-passive')
      report(
        'both-passive',
        'error',
        line,
        `${nameOf(section)}: offer and answer both say passive, so each waits for the other's ClientHello, for ever.`,
      );
  }

  repeatedFingerprint(offer, answer, report);

  if (offer.sections.length !== answer.sections.length)
    report(
      'sections-disagree',
      'error',
      answer.sections.at(-1)?.line,
      `The offer has ${count(offer.sections.length)}, the answer ${answer.sections.length}; an answer has as many, in the same order (RFC 3264 §6).`,
    );
  for (const section of answer.sections) {
    const offered = offer.sections[section.index];
    if (!offered) break;
    sectionsDiffer(offered, section, report);
  }
  const offeredGroups = offer.bundles.map(({ mids }) => new Set(mids));
  for (const { mids, line } of answer.bundles)
    if (!offeredGroups.some((group) => mids.every((mid) => group.has(mid))))
      report(
        'bundle-not-offered',
        'error',
        line,
        'The answer bundles sections that the offer did not bundle (RFC 8843 §7.3).',
      );
  return problems;
}

/** Two sides have one fingerprint only when they share a certificate; mostly somebody copied a line. */
function repeatedFingerprint(offer: Description, answer: Description, report: Report): void {
  const offered = offer.transports.flatMap(({ fingerprints }) => fingerprints);
  for (const { fingerprints } of answer.transports)
    for (const { hash, value, line } of fingerprints) {
      const same = offered.find((one) => one.hash === hash && equal(one.value, value));
      if (!same) continue;
      report(
        'fingerprint-repeated',
        'warning',
        line,
        `The answer announces the offer's own fingerprint (line ${same.line} there). Unless both sides use one certificate it was copied, and the certificate of whoever answers will not fit it.`,
      );
      return;
    }
}

function sectionsDiffer(offered: Section, section: Section, report: Report): void {
  const who = nameOf(section);
  const differ = (what: string): void =>
    report(
      'sections-disagree',
      'error',
      section.line,
      `${who} does not answer the offer's section (line ${offered.line}): ${what}.`,
    );
  if (offered.kind !== section.kind) differ(`it is ${shown(section.kind)}, and ${shown(offered.kind)} was offered`);
  else if (offered.mid && section.mid && offered.mid.value !== section.mid.value)
    differ(`its mid is "${shown(section.mid.value)}", and "${shown(offered.mid.value)}" was offered`);
  else if (!section.rejected && offered.rejected) differ('it is on, and the offered one is off');
  else if (!section.rejected && offered.dtls !== section.dtls)
    differ(offered.dtls ? 'it has no DTLS, which was offered' : 'it wants DTLS, which was not offered');
  if (section.rtcpMux && !offered.rtcpMux && !section.rejected)
    report(
      'sections-disagree',
      'warning',
      section.rtcpMux.line,
      `${who} accepts RTCP multiplexing, which was not offered.`,
    );
}

const count = (n: number): string => (n === 1 ? '1 m= section' : `${n} m= sections`);

/** "the audio section (mid 0)" */
const inSentence = (section: Section): string => nameOf(section).replace('The', 'the');

/** "The audio section (mid 0)" */
const nameOf = ({ kind, mid, index }: Section): string =>
  `The ${shown(kind)} section (${mid ? `mid ${shown(mid.value)}` : `m-line ${index + 1}`})`;
