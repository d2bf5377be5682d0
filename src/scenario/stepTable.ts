/**
 * What may be done once a handshake is established, each kind with its forms: the one table from which errors, help and
 * documents take what they say of steps.
 */
import type { LinkForm } from './linkTable.ts';

const table = {
  send: [
    { example: 'send=1000', about: 'sends 1000 bytes of a pattern, in one record' },
    { example: 'send="hello, peer",echo=2s', about: 'sends text, and waits for the same text to come back' },
    { example: 'send=4KB,above-mtu', about: 'sends a record that is larger than the MTU, for IP to cut' },
  ],
  wait: [
    { example: 'wait=5s', about: 'waits for data from the peer' },
    { example: 'wait=5s,for=ready', about: 'waits for data that says just this, or for=100: that is so long' },
  ],
  'key-update': [
    { example: 'key-update', about: 'DTLS 1.3: changes our keys, and waits for the acknowledgement' },
    { example: 'key-update,ask,within=3s', about: 'asks the peer to change its own keys too, and waits for that' },
  ],
  idle: [{ example: 'idle=30s', about: 'sends nothing by itself; what comes is answered' }],
  restart: [
    {
      example: 'restart',
      about:
        'begins a new handshake from the same port, as a client that lost everything; behind close, one that did not',
    },
    { example: 'restart,resume,within=3s', about: 'offers the session that the server gave, if it gave one' },
  ],
  close: [
    { example: 'close', about: 'sends close_notify' },
    { example: 'close,answer=1s', about: 'sends close_notify, and waits for that of the peer' },
  ],
} as const satisfies Record<string, readonly LinkForm[]>;

export type StepKind = keyof typeof table;

/** Every kind with its forms, in the order of help and documents. */
export const stepForms: Readonly<Record<StepKind, readonly LinkForm[]>> = table;
export const stepKinds = Object.keys(table) as readonly StepKind[];

/** The forms of a kind, for a problem. */
export const stepExamples = (kind: StepKind): string => stepForms[kind].map(({ example }) => example).join(', ');
