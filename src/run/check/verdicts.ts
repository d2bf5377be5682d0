/** What checks have in common: verdicts, rules that lose a certain datagram, and what a trial shows of the peer. */
import type { DatagramView, FlightView, Handshake } from '../../analysis/model.ts';
import type { Finding } from '../../diagnosis/model.ts';
import type { LinkRule, ScriptAction } from '../../link/api.ts';
import type { Made, Shown, Verdict } from './model.ts';

type More = Omit<Verdict, 'status' | 'says' | 'shown'> & { readonly shown?: readonly (Made | Shown)[] };

const verdict =
  (status: Verdict['status']) =>
  (says: string, { shown, ...more }: More = {}): Verdict => ({
    status,
    says,
    ...more,
    shown: (shown ?? []).map((one) => ('made' in one ? one : { made: one })),
  });
export const pass = verdict('pass');
export const fail = verdict('fail');
export const unclear = verdict('unclear');
export const notApplicable = verdict('not-applicable');

/** A rule about certain datagrams of a direction, by their numbers; about all of them without. */
export const script = (
  direction: LinkRule['direction'],
  action: ScriptAction,
  nth: readonly number[] | undefined,
): LinkRule => ({ direction, kind: 'script', action, match: { nth, message: undefined, byte: undefined } });
export const drop = (direction: 'in' | 'out', nth: readonly number[]): LinkRule =>
  script(direction, { kind: 'drop' }, nth);

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

export const handshakeOf = ({ handshakes }: Made): Handshake | undefined => handshakes[0]?.handshake;

export const sentBy = ({ datagrams }: Handshake, from: 'client' | 'server'): readonly DatagramView[] =>
  datagrams.filter((datagram) => datagram.from === from);

/** The flight of its ServerHello. */
export const mainFlight = (handshake: Handshake | undefined): FlightView | undefined =>
  handshake?.flights.find(({ from, messages }) => from === 'server' && messages.includes('server_hello'));

/** A finding of a trial that is about what the peer sent. */
export function findingOf(made: Made, id: string): Finding | undefined {
  const [first] = made.handshakes;
  const ours = new Set(first?.handshake.datagrams.flatMap(({ from, packet }) => (from === 'client' ? [packet] : [])));
  return first?.diagnosis.findings.find(
    ({ id: found, evidence }) =>
      found === id && (evidence.length === 0 || evidence.some(({ packet }) => !ours.has(packet))),
  );
}

/** The findings that ended a trial. */
export const errorsOf = ({ handshakes: [first] }: Made): readonly string[] => [
  ...new Set(first?.diagnosis.findings.flatMap(({ id, severity }) => (severity === 'error' ? [id] : []))),
];

/** How a trial came out, as part of a sentence. */
export const verdictOf = ({ handshakes: [first] }: Made): string =>
  (first?.diagnosis.verdict ?? 'nothing came back').replace(/\.$/, '');

export const ms = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${Math.round(value)} ms`;
