/** STUN in words, for ladders and facts: one line for a message, one for all of them. */
import type { Handshake, StunView } from '../analysis/model.ts';
import type { Address } from '../trace/model.ts';
import { messageType, messageTypeName } from '../wire/stun.ts';
import { duration, plural } from './names.ts';

type Ends = Pick<Handshake, 'client' | 'server'>;

/** A check of ICE's: a Binding request with a user name (RFC 8445 §7.2.2). */
export const isCheck = ({ method, class: cls, username }: StunView): boolean =>
  method === 1 && cls === 'request' && username !== undefined;

/** "client → server", or the addresses where the message went elsewhere. */
export function stunWay({ src, dst }: StunView, { client, server }: Ends): string {
  const name = (address: Address): string => (address === client ? 'client' : address === server ? 'server' : address);
  const known = [src, dst].every((address) => address === client || address === server);
  return known ? `${name(src)} → ${name(dst)}` : `${src} → ${dst}`;
}

/** "Binding request: ICE check as controlling, nominates the pair". */
export function stunText(view: StunView): string {
  const name = messageTypeName(messageType(view.method, view.class));
  const { role, useCandidate, error, attempt, fault, answers, afterMs, answeredBy } = view;
  const said = [
    ...(isCheck(view) ? [`ICE check${role === undefined ? '' : ` as ${role}`}`] : []),
    ...(useCandidate ? ['nominates the pair'] : []),
    ...(error ? [`${error.number} ${error.reason}`.trim()] : []),
    ...(attempt > 0 ? [`sent again (${attempt})`] : []),
    ...(answers === undefined
      ? []
      : [`answers ${answers}${afterMs === undefined ? '' : ` after ${duration(afterMs)}`}`]),
    ...(view.class === 'request' && answeredBy === undefined ? ['no answer seen'] : []),
    ...(fault === undefined ? [] : [`cannot be read: ${fault}`]),
  ];
  return `${name}${said.length > 0 ? `: ${said.join(', ')}` : ''}`;
}

/** "14 datagrams, 5 ICE checks (4 answered)"; undefined where there is none. */
export function stunSummary({ stun, stunLeftOut }: Pick<Handshake, 'stun' | 'stunLeftOut'>): string | undefined {
  if (stun.length === 0) return undefined;
  const checks = stun.filter((view) => isCheck(view) && view.attempt === 0);
  const answered = new Set(stun.flatMap(({ class: cls, transaction }) => (cls === 'success' ? [transaction] : [])));
  const refused = stun.filter(({ class: cls }) => cls === 'error').length;
  const parts = [
    plural(stun.length, 'datagram'),
    ...(checks.length === 0
      ? []
      : [
          `${plural(checks.length, 'ICE check')} (${checks.filter(({ transaction }) => answered.has(transaction)).length} answered)`,
        ]),
    ...(refused === 0 ? [] : [plural(refused, 'refusal')]),
  ];
  const more = stunLeftOut === 0 ? '' : `; ${stunLeftOut} more that went as before are not shown`;
  return `${parts.join(', ')}${more}`;
}
