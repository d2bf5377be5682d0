/**
 * The whole path of a handshake of one version, opening and table of that version as one machine: for whoever draws it or
 * shows how far a side got. The engine runs them one after the other.
 */
import { ends, type Machine } from './machine.ts';
import { client12, client13, clientOpening, server12, server13, serverOpening } from './states.ts';

/** `entries`: where the table is entered from the opening's state `handover`. */
function joined(opening: Machine, handover: string, machine: Machine, entries: readonly string[]): Machine {
  const rows = Object.entries(opening)
    .filter(([name]) => !name.startsWith('dtls') && !(ends as readonly string[]).includes(name))
    .map(([name, { about, on }]) => {
      const arrows = Object.entries<readonly string[]>(on).map(([signal, to]) => {
        const own = to.filter((target) => !target.startsWith('dtls'));
        return [signal, to.includes(handover) ? [...own, ...entries] : own] as const;
      });
      return [name, { about, on: Object.fromEntries(arrows) }] as const;
    });
  return { ...Object.fromEntries(rows), ...machine };
}

export const paths = {
  // A session that is resumed begins behind the certificates (RFC 5246 §7.3).
  client12: joined(clientOpening, 'dtls12', client12, [
    'awaitCertificate',
    'awaitNewSessionTicket',
    'awaitChangeCipherSpec',
  ]),
  server12: joined(serverOpening, 'dtls12', server12, [
    'awaitCertificate',
    'awaitClientKeyExchange',
    'awaitChangeCipherSpec',
  ]),
  client13: joined(clientOpening, 'dtls13', client13, ['awaitServerHelloAgain', 'awaitEncryptedExtensions']),
  server13: joined(serverOpening, 'dtls13', server13, ['awaitClientHelloAgain', 'awaitCertificate', 'awaitFinished']),
} as const satisfies Readonly<Record<string, Machine>>;
