/** The way from a flight down to what is selected, as links; so that the coarser and the finer are one step away. */
import type { Handshake } from '../../src/analysis/model.ts';
import { handshakeTypeName } from '../../src/wire/handshake.ts';
import type { Target } from '../state/selection.ts';
import { fragmentText } from './text.ts';

export interface Crumb {
  readonly text: string;
  readonly target: Target;
  /** The selected one. */
  readonly current: boolean;
}

export function crumbsOf(handshake: Handshake, target: Target): Crumb[] {
  const { packet } = target;
  const datagram = handshake.datagrams.find((one) => one.packet === packet);
  const out: Crumb[] = [];
  const add = (text: string, to: Target): void => {
    out.push({ text, target: to, current: to.kind === target.kind });
  };
  const flight = target.kind === 'flight' ? target.flight : datagram?.flight;
  if (flight !== undefined) {
    const first = handshake.flights.find(({ number }) => number === flight)?.packets[0];
    add(`Flight ${flight}`, { kind: 'flight', flight, packet: first ?? packet });
  }
  if (target.kind === 'flight') return out;
  if (target.kind === 'certificate') {
    const chain = handshake.certificates[target.of];
    add(`Certificate ${target.certificate + 1} of ${chain.length}, ${target.of}`, target);
    return out;
  }
  if (target.kind === 'message') {
    const message = handshake.messages.find(({ key }) => key === target.key);
    add(message ? handshakeTypeName(message.message) : target.key, target);
    return out;
  }
  add(`Datagram ${packet}`, { kind: 'datagram', packet });
  if (target.kind === 'datagram') return out;
  const record = datagram?.records[target.record];
  add(`Record ${packet}.${target.record + 1}`, { kind: 'record', packet, record: target.record });
  const index = target.kind === 'fragment' ? target.fragment : 0;
  const fragment = record?.fragments[index];
  if (!fragment || (target.kind === 'record' && record.fragments.length !== 1)) return out;
  if (fragment.length < fragment.total)
    add(fragmentText(fragment), { kind: 'fragment', packet, record: target.record, fragment: index });
  else if (target.kind === 'fragment') add(fragmentText(fragment), target);
  add(`${handshakeTypeName(fragment.message)} message`, { kind: 'message', packet, key: fragment.messageKey });
  return out;
}
