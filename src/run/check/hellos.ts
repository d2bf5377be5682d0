/** Checks of what a peer does with offers that hold what it does not know, and with hellos that are none. */
import { ownHelloShape } from '../../engine/index.ts';
import { helloIn, isSecond, pieceOf } from './crafting.ts';
import type { Check, Experiment, Lab, Verdict } from './model.ts';
import { errorsOf, fail, handshakeOf, mainFlight, pass, unclear, verdictOf } from './verdicts.ts';

const trial = { handshakes: 1, datagrams: 30, seconds: 5 } as const;
/** Values that are reserved for just this (RFC 8701 §2). */
const grease = 0x0a0a;
const grease2 = 0x3a3a;
/** Of the private ranges: nobody can know them. */
const privateExtension = 0xff42;
const privateScheme = 0xfe42;

async function completes(lab: Lab, experiment: Experiment): Promise<Verdict> {
  const made = await lab.try(experiment);
  return made.established
    ? pass('the handshake completes', { shown: [made] })
    : fail(verdictOf(made), { findings: errorsOf(made), shown: [made] });
}

export const helloChecks: readonly Check[] = [
  {
    id: 'unknown-extensions',
    group: 'hellos',
    title: 'it ignores extensions that it does not know',
    demand: 'MUST',
    see: 'RFC 5246 §7.4.1.4, RFC 8446 §4.2',
    how: 'a hello with three extensions more, of private and of reserved numbers',
    findings: [],
    cost: trial,
    run: (lab) =>
      completes(lab, {
        what: 'unknown extensions',
        adjust: (config) => {
          const shape = ownHelloShape(config);
          const unknown = [grease, privateExtension, grease2].map(
            (code, index) => ({ kind: 'unknown', code, body: new Uint8Array(index) }) as const,
          );
          return { ...config, hello: { ...shape, extensions: [...unknown, ...shape.extensions] } };
        },
      }),
  },
  {
    id: 'unknown-offers',
    group: 'hellos',
    title: 'it steps over suites, groups and profiles that it does not know',
    demand: 'MUST',
    see: 'RFC 8701 §4, RFC 8446 §4.1.2',
    how: 'reserved numbers first in the lists of suites, groups and SRTP profiles',
    findings: [],
    cost: trial,
    run: (lab) => {
      const { suites, groups, srtp } = lab.known.base.scenario.options;
      return completes(lab, {
        what: 'unknown suites, groups and profiles',
        adjust: (config) => ({
          ...config,
          cipherSuites: [grease, ...suites],
          groups: [grease2, ...groups],
          keyShares: groups.slice(0, 1),
          ...(srtp.length > 0 && { srtpProfiles: [grease, ...srtp] }),
        }),
      });
    },
  },
  {
    id: 'unknown-sigalgs',
    group: 'hellos',
    title: 'it steps over signature algorithms that it does not know',
    demand: 'MUST',
    see: 'RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1',
    how: 'a private and a reserved number in the list of signature algorithms',
    findings: ['unknown-signature-algorithm'],
    cost: trial,
    run: (lab) =>
      completes(lab, {
        what: 'unknown signature algorithms',
        adjust: (config) => ({
          ...config,
          signatureSchemes: [grease, ...config.signatureSchemes, privateScheme],
          signingSchemes: config.signingSchemes ?? config.signatureSchemes,
        }),
      }),
  },
  {
    id: 'without-srtp',
    group: 'hellos',
    title: 'it does without use_srtp where none is offered',
    demand: 'MUST',
    see: 'RFC 5764 §4.1, RFC 8446 §4.2',
    how: 'a hello without use_srtp, as for data channels alone',
    findings: [],
    cost: trial,
    run: (lab) => completes(lab, { what: 'no use_srtp', set: { srtp: [] } }),
  },
  {
    id: 'malformed-hello',
    group: 'hellos',
    title: 'it takes no ClientHello that is malformed, and lives on',
    demand: 'MUST',
    see: 'RFC 5246 §7.2.2, RFC 8446 §6.2',
    how: 'a hello whose extensions are longer than it is, and an ordinary handshake after it',
    findings: [],
    cost: { handshakes: 2, datagrams: 40, seconds: 6 },
    run: malformed,
  },
];

async function malformed(lab: Lab): Promise<Verdict> {
  let said = false;
  const made = await lab.try({
    what: 'a malformed hello',
    hand: {
      outgoing: (bytes) => {
        const hello = helloIn(bytes);
        if (said || !hello) return [];
        // That with the cookie, where one is asked for: the other would only be asked for one.
        if (isSecond(hello) !== lab.known.cookie) return [{ bytes }];
        said = true;
        // The last extension's length is one more than there is.
        const body = hello.body.slice(0, -1);
        const cut = { ...hello, header: { ...hello.header, length: body.length }, body };
        return [{ bytes: pieceOf(cut, { offset: 0, length: body.length }, hello.number) }];
      },
      incoming: () => ({ taken: !said }),
    },
    set: { timeout: 800, rto: 10_000 },
  });
  if (!said) return unclear('our hello needs more than one datagram', { shown: [made] });
  const handshake = handshakeOf(made);
  if (mainFlight(handshake)) return fail('it goes on with such a hello', { shown: [made] });
  const after = await lab.try({ what: 'an ordinary handshake after it' });
  if (!after.established)
    return fail(`afterwards no handshake is to be had: ${verdictOf(after)}`, { shown: [after, made] });
  const alert = handshake?.alerts.find(({ from }) => from === 'server');
  return pass(alert ? `it answers with alert ${alert.description}` : 'it says nothing', {
    shown: [made, after],
    numbers: { alert: alert?.description ?? 'none' },
  });
}
