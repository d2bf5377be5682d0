/** Checks of what a peer agrees to: each offer alone, or what it chose taken away until it chooses nothing. */
import { isWeakSuite } from '../../engine/index.ts';
import type { Options } from '../../scenario/index.ts';
import { groups, nameIn, signatureSchemes, srtpProfiles, type Version } from '../../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../../wire/suites.ts';
import type { Check, Lab, Made, Verdict } from './model.ts';
import { everyScheme, everySuite } from './reach.ts';
import { errorsOf, fail, handshakeOf, notApplicable, pass, verdictOf } from './verdicts.ts';

const trials = (handshakes: number) =>
  ({ handshakes, datagrams: handshakes * 14, seconds: handshakes * 2 + 4 }) as const;
/** Refusals come at once; silence need not be waited for long. ms */
const refusalMs = 2000;

const groupName = nameIn(groups);
const schemeName = nameIn(signatureSchemes);
const profileName = nameIn(srtpProfiles);
const hybrid = 4588;
const secp256r1 = 23;
const nullProfiles: readonly number[] = [5, 6];

const weakToo = { allowWeak: true, suites: everySuite, sigalgs: everyScheme } as const satisfies Partial<Options>;
const old: Partial<Options> = { versions: ['1.2'] };

/** One handshake of DTLS 1.2, where the peer is reached with another version. */
const in12 = (lab: Lab): Promise<Made> =>
  lab.known.version === '1.2'
    ? Promise.resolve(lab.known.base)
    : lab.shared('in 1.2', () => lab.try({ what: 'DTLS 1.2 alone', set: { ...old, timeout: refusalMs } }));

const speaks12 = (lab: Lab): boolean => lab.known.base.scenario.options.versions.includes('1.2');

export const negotiationChecks: readonly Check[] = [
  {
    id: 'versions',
    group: 'agreeing',
    title: 'it speaks DTLS 1.2 or newer, and nothing older',
    demand: 'SHOULD',
    see: 'RFC 8827 §6.5, RFC 8996 §3',
    how: 'a handshake for each version alone, the weak one included',
    findings: ['version-mismatch', 'weak-parameters'],
    cost: trials(3),
    run: versions,
  },
  {
    id: 'suites',
    group: 'agreeing',
    title: 'it takes suites with forward secrecy and AEAD alone',
    demand: 'habit',
    see: 'RFC 8827 §6.5, RFC 9325 §4.2',
    how: 'one handshake after another, each without the suites that were chosen before',
    findings: ['weak-parameters'],
    cost: trials(everySuite.length),
    run: suites,
  },
  {
    id: 'groups',
    group: 'agreeing',
    title: 'it takes P-256, and what others it takes',
    demand: 'MUST',
    see: 'RFC 8827 §6.5, RFC 8446 §9.1',
    how: 'a handshake for each group alone',
    findings: ['no-common-group'],
    cost: trials(5),
    run: takesGroups,
  },
  {
    id: 'signatures',
    group: 'agreeing',
    title: 'the signature algorithms that it signs with',
    demand: 'habit',
    see: 'RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1',
    how: 'a handshake for each signature algorithm of its certificate’s kind alone',
    findings: [],
    cost: trials(8),
    run: signatures,
  },
  {
    id: 'srtp',
    group: 'agreeing',
    title: 'it agrees on an SRTP profile',
    demand: 'habit',
    see: 'RFC 5764 §4.1.2, RFC 8827 §6.5',
    how: 'a handshake for each profile alone',
    findings: ['srtp-not-negotiated', 'no-common-srtp-profile'],
    cost: trials(6),
    run: srtp,
  },
  {
    id: 'extended-master-secret',
    group: 'agreeing',
    title: 'it agrees on extended_master_secret',
    demand: 'SHOULD',
    see: 'RFC 7627 §5.2, RFC 9325 §3.4',
    how: 'a handshake of DTLS 1.2',
    findings: ['extended-master-secret-missing'],
    cost: trials(1),
    run: async (lab) => {
      if (!speaks12(lab)) return notApplicable('DTLS 1.2 is not among our versions');
      const made = await in12(lab);
      const agreed = handshakeOf(made)?.parameters.extendedMasterSecret;
      if (!made.established) return notApplicable(`it speaks no DTLS 1.2: ${verdictOf(made)}`);
      return agreed ? pass('it does', { shown: [made] }) : fail('it leaves it out', { shown: [made] });
    },
  },
  {
    id: 'without-ems',
    group: 'agreeing',
    title: 'it goes on with a client that does not know extended_master_secret',
    demand: 'habit',
    see: 'RFC 7627 §5.2',
    how: 'a handshake of DTLS 1.2 without the extension',
    findings: ['extended-master-secret-missing'],
    cost: trials(2),
    run: async (lab) => {
      if (!speaks12(lab)) return notApplicable('DTLS 1.2 is not among our versions');
      const with12 = await in12(lab);
      if (!with12.established) return notApplicable(`it speaks no DTLS 1.2: ${verdictOf(with12)}`);
      const made = await lab.try({
        what: 'no extended_master_secret',
        set: { ...old, timeout: refusalMs },
        adjust: (config) => ({ ...config, extendedMasterSecret: 'off' }),
      });
      return made.established
        ? pass('it does', { shown: [made] })
        : fail(`it ends the handshake, which RFC 7627 allows: ${verdictOf(made)}`, { shown: [made] });
    },
  },
];

async function versions(lab: Lab): Promise<Verdict> {
  const tried: readonly Version[] = [...lab.known.base.scenario.options.versions.filter((one) => one !== '1.0'), '1.0'];
  const found: string[] = [];
  let oldest: Made | undefined;
  for (const version of tried) {
    const weak = version === '1.0' ? weakToo : {};
    const made =
      version === lab.known.version
        ? lab.known.base
        : await lab.try({ what: `DTLS ${version} alone`, set: { versions: [version], ...weak, timeout: refusalMs } });
    if (!made.established) continue;
    found.push(version);
    if (version === '1.0') oldest = made;
  }
  const numbers = { versions: found };
  const says = `it speaks ${found.join(' and ')}`;
  if (oldest)
    return fail(`${says}: DTLS 1.0 is deprecated`, { findings: ['weak-parameters'], numbers, shown: [oldest] });
  return pass(says, { numbers, shown: [lab.known.base] });
}

async function suites(lab: Lab): Promise<Verdict> {
  const spoken = lab.known.version;
  let left = everySuite.filter((code) => cipherSuite(code)?.versions.includes(spoken));
  const chosen: number[] = [];
  const shown: Made[] = [];
  while (left.length > 0) {
    const made = await lab.try({
      what: `${left.length} suites`,
      set: { ...weakToo, versions: [spoken], suites: left, timeout: refusalMs },
    });
    const suite = handshakeOf(made)?.parameters.cipherSuite;
    if (suite === undefined || !left.includes(suite)) break;
    chosen.push(suite);
    if (isWeakSuite(suite)) shown.push(made);
    left = left.filter((code) => code !== suite);
  }
  const numbers = { suites: chosen.map(cipherSuiteName) };
  const weak = chosen.filter(isWeakSuite);
  const first = chosen[0];
  if (first === undefined) return notApplicable('it chose none of those that can be run here');
  const says = `${chosen.length} in DTLS ${spoken}, ${cipherSuiteName(first)} before all`;
  // RFC 8827 §6.5: forward secrecy must be preferred to none.
  const secret = isWeakSuite(first) && cipherSuite(first)?.keyExchange === 'rsa';
  if (secret)
    return fail(`it prefers ${cipherSuiteName(first)}, without forward secrecy`, { demand: 'MUST', numbers, shown });
  return weak.length > 0
    ? fail(`${says}; ${weak.length} of them weak, such as ${weak.slice(0, 2).map(cipherSuiteName).join(' and ')}`, {
        numbers,
        shown: shown.slice(0, 1),
      })
    : pass(says, { numbers });
}

/** Which of these offers alone it takes, in their order. */
async function taken<T>(
  all: readonly T[],
  make: (one: T) => Promise<Made>,
  agreed: (made: Made, one: T) => boolean,
): Promise<{ readonly taken: readonly T[]; readonly refused: readonly Made[]; readonly made: readonly Made[] }> {
  const found: T[] = [];
  const refused: Made[] = [];
  const made: Made[] = [];
  for (const one of all) {
    const trial = await make(one);
    if (agreed(trial, one)) found.push(one);
    else refused.push(trial);
    made.push(trial);
  }
  return { taken: found, refused, made };
}

async function takesGroups(lab: Lab): Promise<Verdict> {
  const { version } = lab.known;
  const fragmented = lab.resultOf('hello-post-quantum') === 'pass' && version === '1.3';
  const all = [...(fragmented ? [hybrid] : []), 29, 23, 24, 25];
  // In DTLS 1.2 the list is one of curves for certificates as well (RFC 8422 §5.1.1).
  const key = handshakeOf(lab.known.base)?.certificates.server[0]?.key ?? '';
  const own =
    version === '1.3' ? undefined : key.endsWith('P-256') ? secp256r1 : key.endsWith('P-384') ? 24 : undefined;
  const found = await taken(
    all,
    (group) => {
      const groups = own === undefined || own === group ? [group] : [group, own];
      return lab.try({ what: groupName(group) ?? '', set: { groups, timeout: refusalMs } });
    },
    (made, group) => made.established && handshakeOf(made)?.parameters.group === group,
  );
  const names = found.taken.map((group) => groupName(group) ?? String(group));
  // Where its certificate's curve has to be on offer too, a server that likes that one better tells nothing of the other.
  const untold = found.refused.filter(({ established }) => established).map(({ what }) => what);
  const numbers = { groups: names };
  if (names.length === 0)
    return fail('it takes none of those that can be run here', { numbers, shown: found.made.slice(0, 1) });
  const missing = found.refused.find(({ what }) => what === groupName(secp256r1));
  return missing
    ? fail(`it takes ${names.join(', ')}, and not secp256r1`, {
        findings: ['no-common-group'],
        numbers,
        shown: [missing],
      })
    : pass(
        `${names.join(', ')}${untold.length > 0 ? `; ${untold.join(', ')}: not seen, as it prefers ${groupName(own ?? secp256r1)}, its certificate’s curve` : ''}`,
        { numbers },
      );
}

async function signatures(lab: Lab): Promise<Verdict> {
  const key = handshakeOf(lab.known.base)?.certificates.server[0]?.key ?? '';
  const rsa = key.startsWith('RSA');
  const all = everyScheme.filter((code) => {
    const name = schemeName(code) ?? '';
    return rsa
      ? name.startsWith('rsa') && (lab.known.version !== '1.3' || name.includes('pss'))
      : !name.startsWith('rsa');
  });
  const found = await taken(
    all,
    (scheme) =>
      lab.try({
        what: schemeName(scheme) ?? '',
        set: { timeout: refusalMs },
        adjust: (config) => ({
          ...config,
          allowWeak: true,
          signatureSchemes: [scheme],
          signingSchemes: config.signingSchemes ?? config.signatureSchemes,
        }),
      }),
    (made) => made.established,
  );
  const names = found.taken.map((scheme) => schemeName(scheme) ?? String(scheme));
  const says = `${names.length > 0 ? names.join(', ') : 'none alone'} (its certificate: ${key || 'unknown'})`;
  return pass(says, { numbers: { signatures: names } });
}

async function srtp(lab: Lab): Promise<Verdict> {
  const { known } = lab;
  const demand = known.signalled ? 'MUST' : 'habit';
  const all = handshakeOf(known.base)?.parameters.srtpProfile;
  const offered = known.base.scenario.options.srtp;
  const single = (profile: number): Promise<Made> =>
    lab.try({ what: profileName(profile) ?? '', set: { srtp: [profile], timeout: refusalMs } });
  const agreed = (made: Made, profile: number): boolean => handshakeOf(made)?.parameters.srtpProfile === profile;
  if (offered.length > 0 && all === undefined) {
    const made = await lab.try({
      what: 'SRTP profiles without encryption',
      adjust: (config) => ({ ...config, srtpProfiles: nullProfiles }),
      set: { timeout: refusalMs },
    });
    const none = handshakeOf(made)?.parameters.srtpProfile;
    return none === undefined
      ? fail('it agrees on none: no media', { demand, findings: ['srtp-not-negotiated'], shown: [known.base] })
      : fail(`it agrees on none but ${profileName(none)}, which has no encryption`, {
          demand,
          findings: ['no-common-srtp-profile'],
          shown: [made, known.base],
        });
  }
  const found = await taken([7, 8, 1, 2], single, agreed);
  const names = found.taken.map((profile) => profileName(profile) ?? String(profile));
  const numbers = { profiles: names };
  const broken = found.made.find(({ established }) => !established);
  if (broken)
    return fail(`with ${broken.what} alone: ${verdictOf(broken)}`, {
      demand,
      findings: errorsOf(broken),
      numbers,
      shown: [broken],
    });
  const needed = found.taken.includes(1);
  return needed
    ? pass(names.join(', '), { numbers })
    : fail(`it takes ${names.join(', ') || 'none'}, and not ${profileName(1)}`, {
        demand,
        numbers,
        shown: found.refused.slice(0, 1),
      });
}
