/** Traces for the rules about what comes after the handshake: `cases.ts` says what they are for. */
import type { Trace } from '../../src/trace/model.ts';
import { type Simulated, simulated } from '../support/traces.ts';
import type { NearMiss, Trigger } from './cases.ts';

const with13 = (options: Simulated): Simulated => {
  const versions = ['1.3'] as const;
  return {
    ...options,
    rules: ['delay=10ms', ...(options.rules ?? [])],
    client: { versions, ...options.client },
    server: { versions, ...options.server },
  };
};
const run = (options: Simulated) => () => simulated(with13(options));

/** As a run against a real server knows it: nobody tells of that side. */
function seenByClient(options: Simulated): Trace {
  const { header, events } = run(options)();
  const own = events.filter((event) => !('actor' in event) || event.actor === 'client');
  return { header: { ...header, kind: 'run', localRole: 'client' }, events: own };
}

export const stepCases: Readonly<
  Record<string, { readonly triggers: readonly Trigger[]; readonly nearMisses: readonly NearMiss[] }>
> = {
  'key-update-unacknowledged': {
    triggers: [
      {
        what: 'the server takes no KeyUpdate',
        trace: run({ server: { faults: { keyUpdate: 'ignored' } }, steps: ['key-update'] }),
        severity: 'warning',
        says: /sent four times in 7 s, and the server acknowledged none/,
      },
    ],
    nearMisses: [
      { what: 'the KeyUpdate is lost once', trace: run({ rules: ['out:drop=4'], steps: ['key-update'] }) },
      { what: 'its ACK is lost', trace: run({ rules: ['in:drop=4'], steps: ['key-update'] }) },
    ],
  },
  'key-update-unread': {
    triggers: [
      {
        what: 'the server keeps its keys, and says that it could not open what came',
        trace: run({
          server: { faults: { keyUpdate: 'keys-kept' } },
          steps: ['send=5,echo', 'key-update', 'send=5,echo'],
        }),
        severity: 'warning',
        says: /could not open any of the two datagrams/,
      },
      {
        what: 'only our end tells, and no echo comes any more',
        trace: () =>
          seenByClient({
            server: { faults: { keyUpdate: 'keys-kept' } },
            steps: ['send=5,echo', 'key-update', 'send=5,echo', 'send=6,echo'],
          }),
        severity: 'warning',
        says: /answered nothing, where it had sent back what came before/,
      },
    ],
    nearMisses: [
      {
        what: 'both change their keys and go on',
        trace: run({ steps: ['send=5,echo', 'key-update,ask', 'send=5,echo'] }),
      },
      {
        what: 'the echo behind the KeyUpdate is lost',
        trace: () => seenByClient({ rules: ['in:drop=6'], steps: ['send=5,echo', 'key-update', 'send=5,echo'] }),
      },
    ],
  },
  'step-failed': {
    triggers: [
      {
        what: 'the echo does not come in time',
        trace: run({ steps: ['send=5,echo=5ms'] }),
        severity: 'warning',
        says: /Step 1 \(send=5,echo=5ms\) failed: the echo of 5 bytes did not come within 5 ms/,
      },
      {
        what: 'DTLS 1.2 was agreed and a KeyUpdate asked for',
        trace: () => simulated({ steps: ['key-update'] }),
        severity: 'warning',
        says: /DTLS 1\.2 was agreed, which has no KeyUpdate/,
      },
    ],
    nearMisses: [{ what: 'the echo comes just in time', trace: run({ steps: ['send=5,echo=20ms'] }) }],
  },
};
