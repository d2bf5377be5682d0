import { describe, expect, it } from 'vitest';
import {
  applyPreset,
  chosenIn,
  commandLineOf,
  emptyForm,
  type FormState,
  fieldGroups,
  linesIn,
  problemsOf,
  quirkChoices,
  rawRequest,
  rememberable,
  remembered,
  requestOf,
  scenarioTextOf,
  setCertificate,
  setField,
  shownProblem,
  toggle,
  toggleLine,
  touch,
} from '../../panel/state/form.ts';
import { optionsOf, parseCommandLine, presets, readForm, readScenarioFile } from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const formOf = (fields: Partial<FormState['values']>, target = '127.0.0.1:4433'): FormState => ({
  ...emptyForm(),
  target,
  values: fields,
});
const names = (form: FormState): string[] =>
  fieldGroups(form).flatMap((group) => group.fields.map((field) => field.name));

describe('the form', () => {
  it('offers every option of the terminal, under the same flag', () => {
    const both = new Set([
      ...names(formOf({ role: 'client' })),
      ...names(formOf({ role: 'server' })),
      ...names(setCertificate(formOf({}), 'pasted')),
    ]);
    expect([...optionsOf('probe')].filter((name) => !both.has(name))).toEqual([
      'resume',
      'expect',
      'repeat',
      'until',
      'parallel',
    ]);
    for (const group of fieldGroups(formOf({})))
      for (const field of group.fields) expect(field.flag).toMatch(/^--[a-z-]+$/);
  });

  it('shows what only a server needs to servers alone, and sends it for them alone', () => {
    const client = formOf({ clientAuth: 'require', cookie: 'on' });
    expect(names(client)).not.toContain('cookie');
    expect(rawRequest(client).options).toEqual({});
    expect(rawRequest(formOf({ role: 'server', cookie: 'on' })).options).toEqual({ role: 'server', cookie: 'on' });
  });

  it('sends lines as lists, and nothing for what is empty', () => {
    const form = formOf({ link: 'loss=30%\n\n out:delay=70ms ', mtu: ' 300 ', rto: '', certGen: 'rsa-4096' });
    expect(rawRequest(form)).toEqual({
      target: '127.0.0.1:4433',
      options: { certGen: 'rsa-4096', mtu: '300', link: ['loss=30%', 'out:delay=70ms'] },
    });
  });

  it('ticks quirks and takes them back, and shows those that mean something', () => {
    const field = (form: FormState) =>
      fieldGroups(form).flatMap((group) => group.fields.filter(({ name }) => name === 'quirk'))[0];
    const shown = (form: FormState): string[] => {
      const description = field(form)?.description;
      return description?.kind === 'several' ? quirkChoices(form, description.choices).map(({ value }) => value) : [];
    };
    const one = toggle(formOf({}), 'quirk', 'no-retransmission');
    const two = toggle(one, 'quirk', 'strict-hello-verify');
    expect(commandLineOf(two)).toContain('--quirk no-retransmission --quirk strict-hello-verify');
    expect(chosenIn(toggle(two, 'quirk', 'no-retransmission'), 'quirk')).toEqual(['strict-hello-verify']);
    expect(shown(formOf({}))).not.toContain('cookie-once');
    expect(shown(formOf({ role: 'server' }))).not.toContain('strict-hello-verify');
    expect(shown(formOf({ versions: '1.2' }))).not.toContain('tls13-labels');
    // What was ticked can be taken back, also once it means nothing.
    const server = setField(two, 'role', 'server');
    expect(shown(server)).toContain('strict-hello-verify');
    expect(problemsOf(server)).toEqual({ quirk: expect.stringContaining('means nothing for a server') as string });
  });

  it('shows the defaults of the stack that it stands at, and sends its name alone', () => {
    const shown = (form: FormState, name: string) =>
      fieldGroups(form).flatMap((group) => group.fields.filter((field) => field.name === name))[0]?.placeholder;
    expect(shown(formOf({}), 'mtu')).toBe('1200');
    const firefox = formOf({ as: 'firefox-153' });
    expect(shown(firefox, 'mtu')).toBe('1408');
    expect(shown(firefox, 'alpn')).toBe('webrtc,c-webrtc');
    expect(rawRequest(firefox).options).toEqual({ as: 'firefox-153' });
    expect(commandLineOf(firefox)).toBe('npx dtlscope probe 127.0.0.1:4433 --as firefox-153');
  });

  it('keeps its target when a preset fills it in, unless the preset is about one', () => {
    expect(applyPreset(formOf({}), 'loss-30').target).toBe('127.0.0.1:4433');
    const own = applyPreset(formOf({}), 'this-browser');
    expect(own.target).toBe('browser');
    expect(own.filled?.changes[0]).toEqual({ flag: 'Target', from: '127.0.0.1:4433', to: 'browser' });
  });

  it('writes a network with a name as a line among the link rules, and takes it away again', () => {
    const rules = formOf({ link: 'loss=1%\nmtu=1200' });
    const full = toggleLine(rules, 'link', 'licode-uplink');
    expect(linesIn(full, 'link')).toEqual(['loss=1%', 'mtu=1200', 'licode-uplink']);
    expect(problemsOf(full)).toEqual({});
    expect(commandLineOf(full)).toContain('--link mtu=1200 --link licode-uplink');
    expect(toggleLine(full, 'link', 'licode-uplink').values).toEqual(rules.values);
  });

  it('asks for what the reader accepts, whenever it finds nothing wrong', () => {
    for (const preset of presets) {
      const form = applyPreset(formOf({}), preset.id);
      expect(problemsOf(form), preset.id).toEqual({});
      const request = requestOf(form);
      expect(readForm('probe', request?.target, request?.options ?? {}).ok, preset.id).toBe(true);
    }
  });

  it.each([
    ['mtu', '12', 'too small'],
    ['mtu', 'big', 'not a whole number'],
    ['certGen', 'rsa-1024', 'rsa-1024'],
    ['link', 'loss=300%', 'loss=300%'],
    ['fingerprint', 'sha-256 AA:BB', '32 bytes'],
    ['fragment', '1300', 'more than the MTU'],
    ['suites', 'TLS_NONSENSE', 'not known'],
  ] as const)('says at %s what is wrong with "%s"', (name, value, text) => {
    const form = formOf({ [name]: value });
    expect(problemsOf(form)[name]).toContain(text);
    expect(requestOf(form)).toBeUndefined();
    expect(commandLineOf(form)).toBeUndefined();
  });

  it('says at the target what is wrong with it', () => {
    expect(problemsOf(formOf({}, '127.0.0.1')).target).toContain('no port');
    expect(problemsOf(formOf({}, '')).target).toContain('HOST:PORT');
  });

  it('asks for a chain when one is to be pasted, and names what was pasted instead', () => {
    const empty = setCertificate(formOf({}), 'pasted');
    expect(problemsOf(empty).cert).toContain('Paste');
    expect(problemsOf(setField(empty, 'cert', 'hello')).cert).toBeDefined();
    expect(problemsOf(setCertificate(setField(empty, 'cert', 'hello'), 'made'))).toEqual({});
  });

  it('keeps quiet about a field until it was left once, or Run was pressed', () => {
    const form = formOf({ mtu: '12' });
    expect(shownProblem(form, 'mtu')).toBeUndefined();
    expect(shownProblem(touch(form, 'mtu'), 'mtu')).toContain('too small');
    expect(shownProblem({ ...form, submitted: true }, 'mtu')).toContain('too small');
  });

  it('is always the command line that does the same', () => {
    const form = formOf({ mtu: '300', certGen: 'rsa-4096', link: 'in:drop=#2\nloss=1%' });
    const line = commandLineOf(form) ?? '';
    const parsed = parseCommandLine(line);
    const read = readForm('probe', form.target, rawRequest(form).options);
    expect(parsed.ok && parsed.value).toEqual(read.ok && read.value);
  });

  it('is always the scenario file that asks for the same', () => {
    const forms = [
      formOf({ mtu: '300', certGen: 'rsa-4096', link: 'in:drop=#2\nloss=1%', allowWeak: 'on', srtp: 'none' }),
      formOf({ role: 'server', cookie: 'on', alpn: 'webrtc', bind: '127.0.0.1:5000' }, '192.0.2.1:4433'),
      formOf({ token: 'SECRET', turn: 'turn:u:SECRET@relay.example' }, 'whip:https://gateway.example/room'),
      ...presets.map(({ id }) => applyPreset(formOf({}), id)).filter(({ target }) => target !== 'browser'),
    ];
    for (const form of forms) {
      const text = scenarioTextOf(form) ?? '';
      expect(text).not.toContain('SECRET');
      const parsed = parseScenarioText(text);
      const file = parsed.ok
        ? readScenarioFile(parsed.root, { env: () => 'SECRET', file: (path) => ({ path, found: true }) })
        : parsed;
      const { target, options } = rawRequest(form);
      const asked = readForm('probe', target, options);
      expect(file.ok && file.file.scenario, text).toEqual(asked.ok && asked.value);
    }
    expect(scenarioTextOf(formOf({}, 'browser'))).toBeUndefined();
    expect(scenarioTextOf(formOf({ mtu: '12' }))).toBeUndefined();
  });

  it('keeps nothing secret between openings, and believes nothing that is not of its shape', () => {
    const form = setCertificate(formOf({ key: '-----BEGIN PRIVATE KEY-----', cert: 'x', mtu: '300' }), 'pasted');
    const kept: unknown = JSON.parse(JSON.stringify(rememberable(form)));
    expect(JSON.stringify(kept)).not.toContain('PRIVATE');
    expect(remembered(kept).values).toEqual({ mtu: '300' });
    const reach = rememberable(formOf({ token: 'SECRET', turn: 'turn:user:SECRET@relay.example:3479' }));
    expect(reach.values).toEqual({ turn: 'turn:user@relay.example:3479' });
    expect(rememberable(formOf({ turn: 'turn:user:SECRET@' })).values).toEqual({});
    for (const nonsense of [undefined, null, 7, 'x', { target: 3, values: [1] }, { values: { mtu: {}, __proto__: 1 } }])
      expect(remembered(nonsense).values).toEqual({});
  });
});
