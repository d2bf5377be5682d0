/** Each rule speaks when it should, is silent when it nearly should, and never contradicts another. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Finding, Rule } from '../../src/diagnosis/model.ts';
import { rules } from '../../src/diagnosis/rules/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { captureNames } from '../support/fixtures.ts';
import { captureTrace, snapshotOf } from '../support/reading.ts';
import { captureAt, simulated } from '../support/traces.ts';
import { cases } from './cases.ts';

const findingsOf = (handshake: Handshake, id: string): readonly Finding[] =>
  diagnose(handshake).findings.filter((finding) => finding.id === id);

/** The newest handshake: what came before it is part of what it is judged by. */
const newest = (trace: Trace): Handshake => {
  const handshake = snapshotOf(trace).handshakes.at(-1);
  if (!handshake) throw new Error('no handshake');
  return handshake;
};

const triggers = Object.entries(cases).flatMap(([id, { triggers: own }]) =>
  own.map((one) => [id, one.what, one] as const),
);
const nearMisses = Object.entries(cases).flatMap(([id, { nearMisses: own }]) =>
  own.map((one) => [id, one.what, one] as const),
);

describe('a rule', () => {
  it.each(triggers)('%s speaks when %s', (id, _, { trace, severity, says }) => {
    const found = findingsOf(newest(trace()), id);
    expect(found.map((finding) => finding.severity)).toContain(severity);
    expect(found.find((finding) => finding.severity === severity)?.why).toMatch(says);
    for (const { why, fix, title, see } of found)
      for (const text of [why, fix, title, see]) expect(text).not.toMatch(/undefined|NaN|^\s*$/);
  });

  it.each(triggers)('%s shows evidence that exists when %s', (id, _, { trace }) => {
    const handshake = newest(trace());
    const sizes = new Map([
      ...handshake.datagrams.map(({ packet, bytes }) => [packet, bytes.length] as const),
      ...handshake.stun.map(({ packet, size }) => [packet, size] as const),
    ]);
    const evidence = findingsOf(handshake, id).flatMap((finding) => finding.evidence);
    expect(evidence.length).toBeGreaterThan(0);
    for (const { packet, start, end } of evidence) {
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(sizes.get(packet) ?? -1);
    }
  });

  it.each(nearMisses)('%s is silent when %s', (id, _, { trace }) => {
    expect(findingsOf(newest(trace()), id)).toEqual([]);
  });
});

describe('all rules', () => {
  const directory = fileURLToPath(new URL('../../src/diagnosis/rules/', import.meta.url));
  const files = readdirSync(directory).filter((file) => file !== 'index.ts');

  it('stand one in a file, and every file is registered', async () => {
    const exported = await Promise.all(
      files.map(async (file) => {
        const module = (await import(`${directory}${file}`)) as Readonly<Record<string, unknown>>;
        return Object.values(module).filter((value) => typeof value === 'object' && value !== null && 'check' in value);
      }),
    );
    expect(exported.map((own) => own.length)).toEqual(files.map(() => 1));
    expect(new Set(exported.flat())).toEqual(new Set<unknown>(rules));
    expect(rules).toHaveLength(files.length);
  });

  it('have a unique id, which the file is named after, a title, a signature and a section', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    const fileOf = ({ id }: Rule): string =>
      `${id.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())}.ts`;
    expect(rules.map(fileOf).sort()).toEqual(files.sort());
    for (const { title, signature, see } of rules) {
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(signature).toMatch(/^[A-Z].*\.$/);
      expect(see).toMatch(/^(RFC \d+ §|https:)/);
    }
  });

  it('have a trace that triggers them and one that does not', () => {
    expect(Object.keys(cases).sort()).toEqual(rules.map(({ id }) => id).sort());
    for (const { triggers: speak, nearMisses: silent } of Object.values(cases)) {
      expect(speak.length).toBeGreaterThan(0);
      expect(silent.length).toBeGreaterThan(0);
    }
  });
});

/** Everything that the cases hold, all captures, and handshakes under every kind of link, from each point of view. */
function everything(): Handshake[] {
  const lossy = Array.from({ length: 25 }, (_, seed) =>
    simulated({
      rules: ['loss=35%', 'delay=30ms', 'reorder=10%,by=60ms'],
      seed,
      server: { mtu: 300, cookie: seed % 2 === 0 },
    }),
  );
  const broken = [
    ['in:loss=100%'],
    ['out:loss=100%'],
    ['mtu=200'],
    ['in:truncate=200'],
    ['in:drop=finished'],
    ['in:drop=certificate'],
  ].map((rule) => simulated({ rules: rule, server: { mtu: 300 } }));
  const simulations = [...lossy, ...broken].flatMap((trace) => [
    trace,
    captureAt(trace, 'client'),
    captureAt(trace, 'server', false),
  ]);
  const made = Object.values(cases).flatMap(({ triggers: a, nearMisses: b }) =>
    [...a, ...b].map(({ trace }) => trace()),
  );
  return [...captureNames.map((name) => captureTrace(name, 'with keys')), ...made, ...simulations].flatMap((trace) => [
    ...snapshotOf(trace).handshakes,
  ]);
}

describe('findings together', () => {
  const handshakes = everything();

  it('call nothing an error that did not end the handshake', () => {
    for (const handshake of handshakes) {
      const { outcome, findings } = diagnose(handshake);
      if (outcome !== 'established') continue;
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });

  it('name one thing that stopped the handshake whenever something did', () => {
    for (const handshake of handshakes) {
      const { outcome, findings, verdict } = diagnose(handshake);
      const errors = findings.filter(({ severity }) => severity === 'error').map(({ id }) => id);
      const causes: Readonly<Record<string, number>> = {
        stalled: 1,
        'no-answer': 1,
        truncated: 1,
        'alert-received': 1,
        'alert-sent': 1,
        'fingerprint-mismatch': 1,
      };
      const wanted = causes[outcome];
      if (wanted === undefined) continue;
      // An alert behind its cause, and a glued flight that nobody answers, belong to the error they stand beside.
      const explained = errors.indexOf('alert-explained') > 0;
      const leading = errors.filter((id) => !(id === 'alert-explained' && explained) && id !== 'flight-unsplit');
      expect([verdict, leading.length]).toEqual([verdict, wanted]);
    }
  });

  it('come with what ended the handshake first', () => {
    const rank = { error: 0, warning: 1, info: 2 };
    for (const handshake of handshakes) {
      const order = diagnose(handshake).findings.map(({ severity }) => rank[severity]);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  it('do not change when the same handshake is diagnosed again', () => {
    for (const handshake of handshakes.slice(0, 40)) expect(diagnose(handshake)).toEqual(diagnose(handshake));
  });

  it('and the verdict say of the same handshakes that media has no keys', () => {
    const lacking = handshakes.map((handshake) => {
      const { outcome, findings, verdict } = diagnose(handshake);
      const found = findings.some(({ id, severity }) => id === 'srtp-not-negotiated' && severity === 'warning');
      expect([verdict, verdict.includes('audio and video have no keys')]).toEqual([
        verdict,
        found && outcome === 'established',
      ]);
      return found;
    });
    expect(new Set(lacking)).toEqual(new Set([true, false]));
  });

  it('never lead with the validity of a certificate unless the peer did', () => {
    for (const handshake of handshakes) {
      if (handshake.alerts.some(({ description }) => description === 45)) continue;
      expect(diagnose(handshake).verdict).not.toMatch(/expired|valid until/);
    }
  });
});
