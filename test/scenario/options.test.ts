import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/engine/config.ts';
import {
  defaultOptions,
  describeProblem,
  formatOption,
  formOf,
  type GivenOptions,
  type OptionName,
  optionNames,
  optionsOf,
  optionTable,
  parseBind,
  parseCommandLine,
  parseTarget,
  presets,
  quote,
  readForm,
  readScenario,
  type Scenario,
  splitWords,
  toCommandLine,
  toEndpointConfig,
} from '../../src/scenario/index.ts';

const target = '192.0.2.1:4433';

function read(given: GivenOptions, where = target): Scenario {
  const parsed = readScenario('probe', where, given);
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.value;
}
function problems(given: GivenOptions, where: string | undefined = target): string[] {
  const parsed = readScenario('probe', where, given);
  if (parsed.ok) throw new Error('accepted');
  return parsed.problems.map(describeProblem);
}

describe('the option table', () => {
  it('has the defaults of the engine where the engine has the setting', () => {
    const base = defaultConfig('client');
    const config = toEndpointConfig(defaultOptions('probe'), [], base);
    expect({ ...config, srtpProfiles: [], clientAuth: 'none' }).toEqual(base);
  });

  it('has a flag, a label and one line of help for every option, none twice', () => {
    const rows = optionNames.map((name) => optionTable[name]);
    expect(new Set(rows.map(({ flag }) => flag)).size).toBe(rows.length);
    expect(new Set(rows.map(({ label }) => label)).size).toBe(rows.length);
    for (const { flag, help } of rows) {
      expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/);
      expect(help).not.toMatch(/\n|\.$/);
    }
  });

  it('writes every default so that it reads back as itself', () => {
    for (const command of ['probe', 'serve'] as const) {
      const defaults = defaultOptions(command);
      for (const name of optionsOf(command)) {
        const texts = formatOption(name, defaults[name]);
        if (texts.length > 0)
          expect(optionTable[name].type.parse(texts, name)).toEqual({ ok: true, value: defaults[name] });
      }
    }
  });

  it('offers only values that it accepts', () => {
    for (const name of optionNames) {
      const { type, flag } = optionTable[name];
      const { description } = type;
      if (description.kind !== 'choice' && description.kind !== 'list') continue;
      for (const choice of description.choices) {
        const text = typeof choice === 'string' ? choice : choice.value;
        expect(type.parse([text], flag), `${flag} ${text}`).toMatchObject({ ok: true });
      }
    }
  });
});

describe('an option', () => {
  const valid: readonly (readonly [OptionName, readonly string[], unknown])[] = [
    ['role', ['server'], 'server'],
    ['suites', ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,0xC02B,0x9999'], [0xc02f, 0xc02b, 0x9999]],
    ['groups', ['secp256r1,X25519'], [23, 29]],
    ['sigalgs', ['ecdsa_secp256r1_sha256'], [0x0403]],
    ['srtp', ['none'], []],
    ['srtp', ['SRTP_AES128_CM_HMAC_SHA1_80'], [1]],
    ['alpn', ['webrtc,c-webrtc'], ['webrtc', 'c-webrtc']],
    ['mtu', ['300'], 300],
    ['mtu', ['1KB'], 1000],
    ['packing', ['flight'], 'flight'],
    ['fragment', ['100'], 100],
    ['rto', ['1.5s'], 1500],
    ['rtoGrowth', ['1.5'], 1.5],
    ['attempts', ['0'], 0],
    ['timeout', ['2min'], 120_000],
    ['seed', ['4294967295'], 0xffff_ffff],
    ['cert', ['a.pem', 'b.pem'], ['a.pem', 'b.pem']],
    ['expect', ['no-answer'], 'no-answer'],
    ['bind', ['[::1]:5000'], '[::1]:5000'],
    [
      'link',
      ['loss=30%', 'out:mtu=1200'],
      [
        { kind: 'loss', probability: 0.3, direction: undefined },
        { kind: 'mtu', bytes: 1200, notice: false, direction: 'out' },
      ],
    ],
  ];
  it.each(valid)('%s %j is read', (name, texts, value) => {
    expect(read({ [name]: texts }).options[name]).toEqual(value);
  });

  it.each(valid)('%s %j survives the command line', (name, texts) => {
    const scenario = read({ [name]: texts });
    const line = toCommandLine(scenario);
    expect(parseCommandLine(line)).toEqual({ ok: true, value: scenario });
  });

  it.each<[GivenOptions, string]>([
    [{ mtu: ['12'] }, '--mtu: "12" is too small; allowed: 64 to 65507 bytes'],
    [{ mtu: ['abc'] }, '--mtu: "abc" is not a whole number; allowed: 64 to 65507 bytes'],
    [{ mtu: ['300', '400'] }, '--mtu: "300 400" is given more than once'],
    [
      { rto: ['10parsec'] },
      '--rto: "10parsec" has a unit that is not known; allowed: 1 to 600000 ms; units: ms, s, min',
    ],
    [{ rtoGrowth: ['0.5'] }, '--rto-growth: "0.5" is too small; allowed: 1 to 10'],
    [{ packing: ['tight'] }, '--packing: "tight" is not known; allowed: packed, record, flight'],
    [{ role: ['sever'] }, '--role: "sever" is not known (did you mean server?); allowed: client, server'],
    [
      { suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25'] },
      '--suites: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25" is not known (did you mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256?); allowed: IANA names (TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384…) or numbers such as 0x1301',
    ],
    [
      { suites: ['none'] },
      '--suites: "none" is an empty list; allowed: IANA names (TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384…) or numbers such as 0x1301',
    ],
    [
      { groups: ['x25519,29,X25519'] },
      '--groups: "29" is not known; allowed: IANA names (X25519MLKEM768, x25519…) or numbers such as 0x11ec',
    ],
    [{ groups: ['x25519,X25519'] }, '--groups: "X25519" is in the list twice'],
    [{ versions: ['1.1'] }, '--versions: "1.1" is not known; allowed: 1.3, 1.2, 1.0'],
    [{ link: ['loss=x', 'up'] }, '--link: this is not a probability; allowed: 0% to 100%'],
    [{ fingerprint: ['sha-256 AA:BB'] }, '--fingerprint: this is not right: sha-256 has 32 bytes, this has 2'],
    [{ bind: ['localhost'] }, '--bind: "localhost" is not right: it is not an IP address, or IP:PORT'],
    [{ fragment: ['500'], mtu: ['300'] }, '--fragment: "500" is more than the MTU, 300 bytes'],
    [{ rto: ['2s'], rtoMax: ['1s'] }, '--rto-max: "1000" is less than --rto, 2000 ms'],
    [{ key: ['k.pem'] }, '--key: "k.pem" has no --cert: each --key belongs to the --cert before it'],
    [{ certGen: ['rsa-2048'], cert: ['c.pem'] }, '--cert-gen: "rsa-2048" contradicts --cert: one or the other'],
    [{ cookie: ['on'] }, '--cookie: "on" means nothing for a client; allowed: with --role server'],
    [
      { link: ['in:drop=finished'] },
      '--link: "in:drop=finished" can not be applied: "finished" comes in encrypted, so nobody between the peers can tell which datagram holds it; allowed: the same rule with "out:", a datagram’s number, or the target sim',
    ],
  ])('%j is refused with the option, what was given and what is allowed', (given, message) => {
    expect(problems(given)[0]?.split('\n')[0]).toBe(message);
  });

  it('is reported with all others that are wrong', () => {
    expect(problems({ mtu: ['1'], rto: ['x'], link: ['loss', 'mtu'] }, 'nowhere')).toHaveLength(5);
  });

  it('takes inbound rules on encrypted messages for the target sim', () => {
    expect(read({ link: ['in:drop=finished'] }, 'sim').options.link).toHaveLength(1);
  });

  it('that serve does not have is refused there', () => {
    const parsed = readScenario('serve', undefined, { role: ['client'] });
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual(['--role: "client" has no place in "serve"']);
  });
});

describe('a target', () => {
  it.each([
    ['example.org:4433', { kind: 'udp', host: 'example.org', port: 4433 }],
    ['192.0.2.1:1', { kind: 'udp', host: '192.0.2.1', port: 1 }],
    ['[2001:db8::1]:65535', { kind: 'udp', host: '2001:db8::1', port: 65535 }],
    ['[fe80::1%eth0]:443', { kind: 'udp', host: 'fe80::1%eth0', port: 443 }],
    ['sim', { kind: 'sim', quirks: [] }],
    ['sim:no-ems,cookie-once', { kind: 'sim', quirks: ['no-ems', 'cookie-once'] }],
  ])('%s is read', (text, value) => {
    expect(parseTarget(text)).toEqual({ ok: true, value });
  });

  it.each([
    [
      '',
      'TARGET: nothing is no target; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser',
    ],
    [
      'example.org',
      'TARGET: "example.org" has no port; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser',
    ],
    [
      'example.org:99999',
      'TARGET: this has no valid port behind its last colon; allowed: 1 to 65535\n  example.org:99999\n              ^',
    ],
    [
      '2001:db8::1:4433',
      'TARGET: "2001:db8::1:4433" looks like an IPv6 address, which needs brackets; allowed: [2001:db8::1]:4433',
    ],
    [
      '[zz]:1',
      'TARGET: "[zz]:1" has no IPv6 address in its brackets; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser',
    ],
    [
      ':4433',
      'TARGET: ":4433" has no host name or address; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser',
    ],
    [
      '-x:4433',
      'TARGET: "-x:4433" has no host name or address; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser',
    ],
  ])('"%s" is refused', (text, message) => {
    const parsed = parseTarget(text);
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([message]);
  });
});

describe('a local address', () => {
  it.each([
    ['127.0.0.1', { host: '127.0.0.1', port: 0 }],
    ['127.0.0.1:5000', { host: '127.0.0.1', port: 5000 }],
    ['::', { host: '::', port: 0 }],
    ['[::1]:5000', { host: '::1', port: 5000 }],
    ['127.0.0.1:70000', undefined],
    ['1.2.3', undefined],
    ['host', undefined],
  ])('%s is read as %j', (text, value) => {
    expect(parseBind(text)).toEqual(value);
  });
});

describe('a command line', () => {
  it('names what differs from the defaults, and nothing else', () => {
    expect(toCommandLine(read({}))).toBe('dtlscope probe 192.0.2.1:4433');
    expect(
      toCommandLine(read({ mtu: ['1200'], cert: ['my cert.pem', "it's.pem"], link: ['drop=client_hello#1'] })),
    ).toBe("dtlscope probe 192.0.2.1:4433 --cert 'my cert.pem' --cert 'it'\\''s.pem' --link 'drop=client_hello#1'");
  });

  it('does not carry a pasted key, but names the file to save it to', () => {
    const pasted = '-----BEGIN PRIVATE KEY-----\nMIG…\n-----END PRIVATE KEY-----\n';
    expect(toCommandLine(read({ cert: ['c.pem'], key: [pasted] }))).toBe(
      'dtlscope probe 192.0.2.1:4433 --cert c.pem --key key.pem',
    );
  });

  it('reads back what a shell would read', () => {
    for (const word of [
      'plain',
      'a b',
      "it's",
      '"',
      '$HOME',
      '`x`',
      'drop=certificate#1',
      '±',
      '',
      'a\nb',
      '\\',
      '-x',
      '*',
    ]) {
      expect(splitWords(quote(word))).toEqual([word]);
      expect(splitWords(`a ${quote(word)}  b`)).toEqual(['a', word, 'b']);
    }
    expect(splitWords('a "b c" d\\ e "\\"" \'x\'y')).toEqual(['a', 'b c', 'd e', '"', 'xy']);
    expect(splitWords("a 'b")).toBeUndefined();
  });

  it('is refused with a reason when it is none', () => {
    const message = (line: string) => {
      const parsed = parseCommandLine(line);
      return parsed.ok ? undefined : describeProblem(parsed.problems[0] ?? expect.fail());
    };
    expect(message('rm -rf')).toBe('command line: "rm -rf" does not begin with dtlscope');
    expect(message('npx dtlscope read x')).toBe('command line: "read" is not a run; allowed: probe, serve');
    expect(message('dtlscope probe a:1 --nope 3')).toBe('command line: "--nope" is not an option');
    expect(message('dtlscope probe a:1 --mtu')).toBe('--mtu: nothing needs a value');
    expect(message('dtlscope probe a:1 b:2')).toBe('command line: "b:2" is one word too many');
  });
});

describe('a form', () => {
  it('may hold texts, numbers, booleans and lists', () => {
    const parsed = readForm('probe', target, {
      role: 'server',
      mtu: 300,
      cookie: true,
      groups: ['secp256r1', 'x25519'],
      srtp: [],
      link: ['loss=5%', 'mtu=1200'],
      fragment: '',
      bind: null,
    });
    expect(parsed).toEqual({
      ok: true,
      value: read({
        role: ['server'],
        mtu: ['300'],
        cookie: ['on'],
        groups: ['secp256r1,x25519'],
        srtp: ['none'],
        link: ['loss=5%', 'mtu=1200'],
      }),
    });
  });

  it('gets back the texts of what is not default', () => {
    const scenario = read({ mtu: ['300'], srtp: ['none'], link: ['loss=5%'] });
    expect(formOf(scenario)).toEqual({ mtu: ['300'], srtp: ['none'], link: ['loss=5%'] });
    expect(readScenario('probe', target, formOf(scenario))).toEqual({ ok: true, value: scenario });
  });

  it('with names or values that are none is refused', () => {
    const parsed = readForm('probe', target, { mtuu: 3, mtu: { a: 1 }, link: [3] });
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([
      'mtuu: nothing is not an option',
      '--mtu: "{"a":1}" is not a value',
      '--link: "[3]" is not a value',
    ]);
  });
});

describe('presets', () => {
  it.each(presets.map((preset) => [preset.id, preset] as const))('%s is a valid scenario', (_id, preset) => {
    const scenario = read(preset.options, preset.target);
    expect([formOf(scenario), preset.target]).not.toEqual([{}, undefined]);
    expect(parseCommandLine(toCommandLine(scenario))).toEqual({ ok: true, value: scenario });
  });

  it('have names of their own', () => {
    expect(new Set(presets.map(({ id }) => id)).size).toBe(presets.length);
  });
});

describe('--allow-weak', () => {
  const allowed = read({ allowWeak: ['on'] });

  it('stands alone on a command line, before and behind a target', () => {
    expect(toCommandLine(allowed)).toBe(`dtlscope probe ${target} --allow-weak`);
    for (const line of [`dtlscope probe --allow-weak ${target}`, `dtlscope probe ${target} --allow-weak`])
      expect(parseCommandLine(line)).toEqual({ ok: true, value: allowed });
    expect(parseCommandLine(`dtlscope probe ${target} --allow-weak=off`)).toEqual({ ok: true, value: read({}) });
  });

  it('puts what is weak behind what is not, where nobody says what to offer', () => {
    const { versions, suites, sigalgs } = allowed.options;
    const own = defaultOptions('probe');
    expect(versions).toEqual([...own.versions, '1.0']);
    expect(suites.slice(0, own.suites.length)).toEqual(own.suites);
    expect(suites.slice(own.suites.length)).toContain(0x0035);
    expect(sigalgs.slice(own.sigalgs.length)).toEqual([0x0203, 0x0201]);
    expect(read({ allowWeak: ['on'], versions: ['1.2'] }).options.versions).toEqual(['1.2']);
    expect(toEndpointConfig(allowed.options, [], defaultConfig('client')).allowWeak).toBe(true);
  });

  it('is asked for by name when DTLS 1.0 is wanted', () => {
    expect(problems({ versions: ['1.2,1.0'] })).toEqual([
      '--versions: "1.2,1.0" holds DTLS 1.0, which is weak; allowed: with --allow-weak',
    ]);
    expect(read({ versions: ['1.0'], allowWeak: ['on'] }).options.versions).toEqual(['1.0']);
  });
});
