import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/engine/config.ts';
import { profileOf, profiles } from '../../src/profiles/index.ts';
import {
  defaultOptions,
  describeProblem,
  formOf,
  type GivenOptions,
  ourselves,
  parseCommandLine,
  readScenario,
  type Scenario,
  toCommandLine,
  toEndpointConfig,
} from '../../src/scenario/index.ts';

const target = '192.0.2.1:4433';
function read(given: GivenOptions, command: 'probe' | 'serve' = 'probe'): Scenario {
  const parsed = readScenario(command, command === 'probe' ? target : undefined, given);
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.value;
}
const configOf = ({ options }: Scenario) => toEndpointConfig(options, [], defaultConfig(options.role));

describe('--as', () => {
  it('takes versions, offer, timers and sizes from the profile', () => {
    const { options } = read({ as: ['chromium-156'] });
    expect(options).toMatchObject({
      versions: ['1.3', '1.2'],
      groups: [0x11ec, 29, 23, 24],
      srtp: [1, 8, 7],
      alpn: [],
      mtu: 1200,
      packing: 'packed',
      rto: 50,
      rtoGrowth: 2,
      rtoMax: 60_000,
    });
    expect(options.suites).toHaveLength(14);
    expect(read({ as: ['firefox-153'] }).options).toMatchObject({
      alpn: ['webrtc', 'c-webrtc'],
      mtu: 1408,
      rto: 50,
      rtoMax: 10_000,
    });
  });

  it('gives the engine what no option says: hello, window, steps of the MTU, borders, packing of retransmissions', () => {
    const firefox = configOf(read({ as: ['firefox-153'] }));
    expect(firefox.hello).toBe(profileOf('firefox-153')?.hello);
    expect(firefox).toMatchObject({
      mtuSteps: [{ fromRetransmission: 3, mtu: 1188 }],
      bordersOnResend: 'recut',
      resendPacking: 'record',
      replayWindow: 1024,
      sessionTicket: false,
    });
    expect(configOf(read({ as: ['openssl-3.0'] }))).toMatchObject({ sessionTicket: true, replayWindow: 64 });
  });

  it('leaves what nobody measured at our own default', () => {
    const own = defaultOptions('probe');
    const { options } = read({ as: ['mbedtls'] });
    expect(options).toMatchObject({ suites: own.suites, mtu: own.mtu, packing: own.packing, srtp: own.srtp });
    expect('hello' in configOf(read({ as: ['mbedtls'] }))).toBe(false);
  });

  it('gives way to every flag beside it, in any order', () => {
    const line = 'dtlscope probe 192.0.2.1:4433 --mtu 500 --as firefox-153 --alpn none --rto 1s';
    const parsed = parseCommandLine(line);
    expect(parsed.ok && parsed.value.options).toMatchObject({ as: 'firefox-153', mtu: 500, alpn: [], rto: 1000 });
    expect(configOf(read({ as: ['firefox-153'], packing: ['flight'] }))).not.toHaveProperty('resendPacking');
  });

  it('stands on the command line with what differs from the profile, and nothing else', () => {
    expect(toCommandLine(read({ as: ['chromium-156'] }))).toBe('dtlscope probe 192.0.2.1:4433 --as chromium-156');
    const changed = read({ as: ['chromium-156'], mtu: ['1200'], rto: ['400'] });
    expect(toCommandLine(changed)).toBe('dtlscope probe 192.0.2.1:4433 --as chromium-156 --rto 400');
    // Our own default is a change from the profile's.
    const back = read({ as: ['chromium-156'], rto: ['1000'] });
    expect(formOf(back)).toEqual({ as: ['chromium-156'], rto: ['1000'] });
  });

  it.each(profiles.map(({ id }) => id))(
    '%s is a whole scenario for both commands, and survives the command line',
    (id) => {
      for (const command of ['probe', 'serve'] as const) {
        const scenario = read({ as: [id] }, command);
        expect(parseCommandLine(toCommandLine(scenario))).toEqual({ ok: true, value: scenario });
      }
    },
  );

  it('is ourselves when it is not given', () => {
    expect(read({}).options.as).toBe(ourselves);
    expect(toCommandLine(read({ as: [ourselves] }))).toBe('dtlscope probe 192.0.2.1:4433');
  });

  it('lists what there is when the name is not known', () => {
    const parsed = readScenario('probe', target, { as: ['chromium-155'] });
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([
      `--as: "chromium-155" is not known (did you mean chromium-156?); allowed: ${[ourselves, ...profiles.map(({ id }) => id)].join(', ')}`,
    ]);
  });
});
