import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { mainOf, type ReadHandshake } from '../../src/diagnosis/lead.ts';
import type { Outcome } from '../../src/diagnosis/model.ts';
import { blank, captured, handshakeOf } from '../report/handshakes.ts';
import { captureHeader, simulationHeader } from '../support/traces.ts';

const handshake: Handshake = handshakeOf(captured('good_ecdhe_rsa'));
const read = (...outcomes: readonly Outcome[]): readonly ReadHandshake[] =>
  outcomes.map((outcome, i) => ({ handshake: { ...handshake, id: `h${i + 1}` }, diagnosis: { ...blank, outcome } }));

describe('a capture of several handshakes', () => {
  it.each([
    ['the first that failed', 'h2', ['established', 'stalled', 'alert-received', 'established']],
    ['no handshake that the recording cut', 'h3', ['incomplete-capture', 'established', 'stalled']],
    ['the last, when none failed', 'h3', ['established', 'incomplete-capture', 'established']],
  ] as const)('is about %s', (_, id, outcomes) => {
    expect(mainOf(read(...outcomes), captureHeader)?.handshake.id).toBe(id);
  });
});

it('a run of ours is about its last handshake, whatever came of those before', () => {
  expect(mainOf(read('stalled', 'established'), simulationHeader)?.handshake.id).toBe('h2');
  expect(mainOf([], captureHeader)).toBeUndefined();
});
