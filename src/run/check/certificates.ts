/** Checks of the client's certificate: whether it is asked for, what it may be, how large it may be. */
import type { Check, Lab, Verdict } from './model.ts';
import { bare } from './reach.ts';
import { errorsOf, fail, handshakeOf, notApplicable, pass, verdictOf } from './verdicts.ts';

/** Bytes of a certificate, in the order in which they are tried. */
const sizes = [2000, 4000, 8000, 16_000, 20_000];

const asks = (lab: Lab): boolean =>
  lab.known.ways.some((made) =>
    handshakeOf(made)?.messages.some(({ name, from }) => from === 'server' && name === 'certificate_request'),
  );

export const certificateChecks: readonly Check[] = [
  {
    id: 'client-certificate',
    group: 'certificates',
    title: 'it takes a certificate that the client has made for itself',
    demand: 'habit',
    see: 'RFC 8827 §6.5, RFC 8122 §5',
    how: 'the certificate of ours with which it was reached, and whether it was asked for',
    findings: ['certificate-validity'],
    cost: { handshakes: 0, datagrams: 0, seconds: 0 },
    judge: (known, ways) => {
      const asked = ways.find((made) =>
        handshakeOf(made)?.messages.some(({ name, from }) => from === 'server' && name === 'certificate_request'),
      );
      if (!known || !asked) return notApplicable('it asks for none');
      const demand = known.signalled ? 'MUST' : 'habit';
      if (known.base.what.includes('no certificate of ours')) {
        const refused = ways[1] ?? asked;
        return fail(verdictOf(refused), { demand, findings: errorsOf(refused), shown: [refused, known.base] });
      }
      return pass('it does', { demand, shown: [known.base] });
    },
  },
  {
    id: 'no-certificate',
    group: 'certificates',
    title: 'what it does with a client that shows no certificate',
    demand: 'habit',
    see: 'RFC 5246 §7.4.6, RFC 8446 §4.4.2.4',
    how: 'a handshake with an empty Certificate',
    findings: ['empty-client-certificate'],
    cost: { handshakes: 1, datagrams: 20, seconds: 5 },
    run: async (lab) => {
      if (!asks(lab)) return notApplicable('it asks for none');
      const made = await lab.try({ what: 'no certificate of ours', adjust: bare });
      return made.established
        ? pass('it goes on without', { shown: [made], numbers: { required: 'no' } })
        : pass(`it wants one: ${verdictOf(made)}`, { shown: [made], numbers: { required: 'yes' } });
    },
  },
  {
    id: 'certificate-sizes',
    group: 'certificates',
    title: 'it takes certificates of up to 16 KB',
    demand: 'habit',
    see: 'RFC 5246 §7.4.6, RFC 6347 §4.2.3',
    how: `certificates of ours of ${sizes.map((size) => size / 1000).join(', ')} KB`,
    findings: [],
    cost: { handshakes: sizes.length, datagrams: 250, seconds: 22 },
    run: certificateSizes,
  },
];

async function certificateSizes(lab: Lab): Promise<Verdict> {
  if (!asks(lab)) return notApplicable('it asks for none');
  const { certGen, cert } = lab.known.base.scenario.options;
  if (cert.length > 0) return notApplicable('our certificate is from a file');
  let most = 0;
  for (const size of sizes) {
    const spec = `${certGen?.split(',')[0] ?? 'ecdsa-p256'},size=${size}`;
    const made = await lab.try({ what: `a certificate of ${size} bytes`, set: { certGen: spec } });
    const numbers = { largestBytes: most };
    if (!made.established) {
      const says = `${most === 0 ? 'not one' : `up to ${most} bytes, and none`} of ${size}: ${verdictOf(made)}`;
      // Beyond 16 KB stacks have limits of their own.
      return size > 16_000
        ? pass(says, { numbers, shown: [made] })
        : fail(says, { numbers, findings: errorsOf(made), shown: [made] });
    }
    most = size;
  }
  return pass(`up to ${most} bytes`, { numbers: { largestBytes: most } });
}
