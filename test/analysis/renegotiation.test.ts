/** Messages under the keys of an association that would begin another one: they are none of the handshake before them. */
import { expect, it } from 'vitest';
import { checking } from '../run/check/simulated.ts';

it('a renegotiation is told from the handshake before it, which is judged as if there were none', async () => {
  const asked = await made('renegotiation');
  const without = await made('quiet');
  const handshake = asked.handshakes[0]?.handshake;
  if (!handshake) throw new Error('no handshake was read');
  expect(handshake.messages.filter(({ name }) => name.startsWith('client_hello')).map(({ name }) => name)).toEqual([
    'client_hello',
    'client_hello',
    'client_hello (renegotiation)',
  ]);
  // Behind those of the cookie.
  expect(handshake.flights.slice(2).map(({ messages }) => messages.join(' '))).toEqual([
    'client_hello',
    'server_hello certificate server_key_exchange certificate_request server_hello_done',
    'certificate client_key_exchange certificate_verify change_cipher_spec finished',
    'change_cipher_spec finished',
    'client_hello (renegotiation)',
  ]);
  expect(handshake.alerts[0]).toMatchObject({ from: 'server', description: 100, afterMessage: 'finished' });
  const ids = ({ handshakes }: typeof asked) => handshakes[0]?.diagnosis.findings.map(({ id }) => id);
  expect(ids(asked)).toEqual(ids(without));
});

/** The last trial of a check. */
async function made(id: string) {
  const trials: Parameters<NonNullable<Parameters<typeof checking>[0]['hear']>>[0][] = [];
  await checking({ given: { versions: ['1.2'] }, only: [id], hear: (event) => void trials.push(event) }).finished;
  const last = trials.flatMap((event) => (event.kind === 'made' && event.made.check === id ? [event.made] : [])).at(-1);
  if (!last) throw new Error(`${id} made no trial`);
  return last;
}
