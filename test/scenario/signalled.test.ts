import { describe, expect, it } from 'vitest';
import {
  describeProblem,
  formatTarget,
  formatTurnUrl,
  formOf,
  parseCommandLine,
  parseTarget,
  parseTurnUrl,
  readScenario,
  type Target,
  toCommandLine,
} from '../../src/scenario/index.ts';

const scenario = (target: string, given: Parameters<typeof readScenario>[2]) => {
  const read = readScenario('probe', target, given);
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
  return read.value;
};
const refused = (target: string, given: Parameters<typeof readScenario>[2]): string[] => {
  const read = readScenario('probe', target, given);
  return read.ok ? [] : read.problems.map(describeProblem);
};

describe('a target that signalling leads to', () => {
  it.each<[string, Target]>([
    ['sdp:offer.sdp', { kind: 'sdp', file: 'offer.sdp' }],
    ['sdp:-', { kind: 'sdp', file: '-' }],
    ['sdp:C:\\offers\\one.txt', { kind: 'sdp', file: 'C:\\offers\\one.txt' }],
    ['whip:https://media.example/whip/1?x=y', { kind: 'whip', url: 'https://media.example/whip/1?x=y' }],
    ['whep:http://127.0.0.1:8080/whep', { kind: 'whep', url: 'http://127.0.0.1:8080/whep' }],
    ['browser', { kind: 'browser' }],
  ])('is %s', (text, target) => {
    expect(parseTarget(text)).toEqual({ ok: true, value: target });
    expect(formatTarget(target)).toBe(text);
  });

  it.each([
    ['sdp:', 'names no file'],
    ['whip:', 'has no URL'],
    ['whip:media.example/whip', 'has no URL'],
    ['whep:ftp://media.example/', 'has a URL of ftp:'],
    ['whip:https://user:secret@media.example/', 'has a password in its URL'],
  ])('is not %s', (text, why) => {
    const parsed = parseTarget(text);
    const said = parsed.ok ? '' : parsed.problems.map(describeProblem).join();
    expect(said).toContain(why);
    expect(said).not.toContain('secret');
  });

  it('has its own options, which mean nothing elsewhere', () => {
    expect(scenario('whip:https://a.example/', { setup: ['passive'], token: ['t0ken'] }).options).toMatchObject({
      setup: 'passive',
      token: 't0ken',
    });
    expect(refused('127.0.0.1:1', { setup: ['passive'] })[0]).toContain('means nothing without signalling');
    expect(refused('127.0.0.1:1', { token: ['x'] })[0]).toContain('means nothing without signalling');
    expect(refused('sdp:offer', { token: ['x'] })[0]).toContain('means nothing for sdp:');
    expect(refused('browser', { token: ['x'] })[0]).toContain('means nothing for browser');
    expect(refused('browser', { turn: ['turn:a:b@192.0.2.1:3478'] })[0]).toContain('this browser itself');
  });

  it('leaves the DTLS role to signalling, so both roles’ options may be given', () => {
    expect(refused('whip:https://a.example/', { cookie: ['on'] })).toEqual([]);
    expect(refused('127.0.0.1:1', { cookie: ['on'] })).toHaveLength(1);
  });
});

describe('a TURN server', () => {
  it.each([
    ['turn:turn.example', { host: 'turn.example', port: 3478, username: undefined, password: undefined }],
    ['turn:u:p@192.0.2.1:5000', { host: '192.0.2.1', port: 5000, username: 'u', password: 'p' }],
    ['turn:u@[2001:db8::1]', { host: '2001:db8::1', port: 3478, username: 'u', password: undefined }],
    [
      'turn:1700000000:alice:s/cr+t=@h?transport=udp',
      { host: 'h', port: 3478, username: '1700000000:alice', password: 's/cr+t=' },
    ],
    ['turn:a%40b:p%3aq%25@h', { host: 'h', port: 3478, username: 'a@b', password: 'p:q%' }],
  ])('is read from %s', (text, server) => {
    expect(parseTurnUrl(text)).toEqual({ ok: true, server });
  });

  it.each([
    ['turns:h', 'TLS'],
    ['turn:h?transport=tcp', 'transport=udp'],
    ['stun:h', 'begin with turn:'],
    ['turn:', 'no HOST'],
    ['turn:u:p@', 'no HOST'],
    ['turn:h:99999', 'no HOST'],
    ['turn::p@h', 'user is empty'],
    ['turn:u:%zz@h', 'hexadecimal'],
  ])('is not %s', (text, why) => {
    const parsed = parseTurnUrl(text);
    expect(parsed.ok ? '' : parsed.why).toContain(why);
  });

  it('is written without its password, and read back as it was written', () => {
    for (const text of ['turn:u:secret@192.0.2.1:5000', 'turn:17:alice:secret@[::1]', 'turn:a%40b%3Ac:secret@h']) {
      const parsed = parseTurnUrl(text);
      if (!parsed.ok) throw new Error(parsed.why);
      const written = formatTurnUrl(parsed.server);
      expect(written).not.toContain('secret');
      expect(parseTurnUrl(written)).toEqual({ ok: true, server: { ...parsed.server, password: undefined } });
    }
  });

  it('is for a peer on a network, not for sim', () => {
    expect(refused('sim', { turn: ['turn:u:p@h'] })[0]).toContain('means nothing for the target sim');
  });
});

describe('what is secret', () => {
  it('is in no command line, no form, and no problem that is shown', () => {
    const given = { turn: ['turn:alice:hunter2@192.0.2.1'], token: ['bearer-hunter2'] };
    const probe = scenario('whip:https://a.example/', given);
    const line = toCommandLine(probe);
    expect(line).not.toContain('hunter2');
    expect(line).toContain('--turn turn:alice@192.0.2.1');
    expect(parseCommandLine(line).ok).toBe(true);
    expect(JSON.stringify(formOf(probe))).not.toContain('hunter2');
    expect(refused('127.0.0.1:1', { turn: ['turn:alice:hunter2@:0'] }).join()).not.toContain('hunter2');
    expect(refused('whip:https://a.example/', { token: ['bad hunter2 token'] }).join()).not.toContain('hunter2');
  });
});

describe('a gateway of our own', () => {
  const serving = (given: Parameters<typeof readScenario>[2]) => readScenario('serve', undefined, given);

  it('is asked for by a flag that needs no value', () => {
    for (const line of ['dtlscope serve --whip', 'dtlscope serve --whip --mtu 300', 'dtlscope serve --whip on']) {
      const parsed = parseCommandLine(line);
      expect(parsed.ok && parsed.value.options.whip, line).toBe(true);
    }
    const parsed = serving({ whip: ['on'], setup: ['active'], token: ['secret'] });
    expect(parsed.ok && toCommandLine(parsed.value)).toBe('dtlscope serve --whip --setup active');
  });

  it('alone has use for what belongs to signalling', () => {
    const parsed = serving({ setup: ['active'] });
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([
      expect.stringContaining('allowed: with --whip'),
    ]);
  });
});
