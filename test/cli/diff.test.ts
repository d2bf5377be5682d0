import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';

const capture = (name: string): string => join(import.meta.dirname, '..', 'fixtures', 'captures', `${name}.pcapng`);

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

describe('diff', () => {
  it('answers 0 for what is the same, and 1 with the first difference first', async () => {
    const same = await cli.run('diff', capture('hole'), capture('hole'));
    expect(same).toMatchObject({ code: 0, stderr: '' });
    expect(same.stdout).toContain('they do not differ but in what is fresh in every handshake');
    const { code, stdout } = await cli.run(
      'diff',
      capture('good_mutual_srtp'),
      capture('expired_client_cert'),
      '--quiet',
    );
    expect([code, stdout]).toEqual([
      1,
      "A ends as established, B as alert-received; the first difference is the client's client_hello (flight 1): extensions.\n",
    ]);
  });

  it('prints JSON alone on stdout', async () => {
    const { stdout } = await cli.run('diff', capture('good_ecdhe_rsa'), capture('dtls10_rsa_cbc'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      dtlscope: '1.2.3',
      same: false,
      first: { message: 'client_hello', field: 'client_version' },
    });
  });

  it('answers 2 for files that are no traces, and for handshakes that are not there', async () => {
    const none = await cli.run('diff', capture('hole'), 'no-such-file.pcapng');
    expect([none.code, none.stdout]).toEqual([2, '']);
    const beyond = await cli.run('diff', capture('hole'), capture('hole'), '--handshake', '1,9');
    expect([beyond.code, beyond.stderr]).toEqual([
      2,
      '--handshake 1,9: A has 1 handshakes, B has 1; they count from 1.\n',
    ]);
  });
});
