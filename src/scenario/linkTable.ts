/**
 * The kinds of link rules, each with its forms: the one table from which errors, `--link list`, form and documents take what
 * they say of them.
 */
export interface LinkForm {
  /** Text that the grammar reads. */
  readonly example: string;
  /** What it does, in one line without a full stop. */
  readonly about: string;
}

const table = {
  loss: [{ example: 'loss=30%', about: 'loses datagrams by chance, each for itself' }],
  burst: [
    { example: 'burst=5%,length=4', about: 'loses datagrams in bursts: 5 % of all, four in a row on average' },
    {
      example: 'burst=20%,length=10,inside=50%,outside=1%',
      about:
        'a path that is bad for 20 % of the datagrams, ten in a row: half of those are lost, and 1 % of the others',
    },
  ],
  rate: [
    {
      example: 'rate=225kbit/s,queue=20KB',
      about: 'a line that sends so fast, and a queue before it (20 KB unless said): what finds that full is dropped',
    },
  ],
  load: [
    {
      example: 'load=340kbit/s,streams=2,size=1000',
      about:
        'traffic of others that shares rate and queue, here two streams of datagrams of 1000 bytes on average; needs a rate',
    },
  ],
  delay: [
    { example: 'delay=70ms±20ms', about: 'takes so long; with ± by chance more or less, in order all the same' },
    { example: 'delay=certificate#1,by=500ms', about: 'holds a certain datagram back, so that later ones overtake it' },
  ],
  reorder: [{ example: 'reorder=10%,by=20ms', about: 'holds datagrams back by chance (20 ms unless said)' }],
  duplicate: [
    { example: 'duplicate=5%', about: 'delivers datagrams twice by chance' },
    { example: 'duplicate=3', about: 'delivers a certain datagram twice' },
  ],
  corrupt: [{ example: 'corrupt=1%', about: 'changes one byte, by chance' }],
  mtu: [
    { example: 'mtu=1200', about: 'silently drops what is larger, as a tunnel without ICMP does' },
    { example: 'mtu=1200,notice', about: 'drops what is larger and tells the sender, as a router does by ICMP' },
  ],
  truncate: [
    { example: 'truncate=1600', about: 'cuts what is larger, as a receive buffer of that size does' },
    { example: 'truncate=certificate#1,to=600', about: 'cuts a certain datagram' },
  ],
  drop: [
    { example: 'drop=3', about: 'drops the third datagram of each direction; 1+3, 2..5 and all are numbers too' },
    { example: 'drop=certificate#1', about: 'drops the first datagram that carries some of the certificate' },
    { example: 'drop=certificate@500', about: 'drops every datagram that carries byte 500 of the certificate' },
  ],
} as const satisfies Record<string, readonly LinkForm[]>;

export type LinkKind = keyof typeof table;

/** Every kind with its forms, in the order of help and documents. */
export const linkForms: Readonly<Record<LinkKind, readonly LinkForm[]>> = table;
export const linkKinds = Object.keys(table) as readonly LinkKind[];

/** The forms of a kind, for a problem. */
export const linkExamples = (kind: LinkKind): string => linkForms[kind].map(({ example }) => example).join(', ');
