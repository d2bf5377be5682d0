/** How far each side got, under the verdict: rungs with a shape and a word each; colour only underlines. */
import type { ReactElement } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { type Rung, type Strip, stateStrips } from '../layout/stateStrip.ts';
import type { Shape } from '../layout/text.ts';
import { Mark } from './Badge.tsx';

interface Props {
  readonly handshake: Handshake;
  /** Nothing more will come. */
  readonly over: boolean;
}

export function StateStrip({ handshake, over }: Props): ReactElement {
  return (
    <section className="strips" aria-label="How far each side got">
      {stateStrips(handshake, over).map((strip) => (
        <SideStrip key={strip.side} strip={strip} />
      ))}
    </section>
  );
}

const shapes: Readonly<Record<Rung['state'], Shape>> = {
  reached: 'check',
  waiting: 'dots',
  stopped: 'cross',
  ahead: 'ring',
};

function SideStrip({ strip: { side, rungs, facts, derived } }: { readonly strip: Strip }): ReactElement {
  return (
    <div className="strip">
      <h3>{side === 'client' ? 'Client' : 'Server'}</h3>
      <ol aria-label={`What the ${side} got`}>
        {rungs.map(({ name, state, label }, index) => (
          <li
            key={name}
            className="rung"
            data-state={state}
            // What lies behind is one with what follows it, where there is little room.
            data-passed={state === 'reached' && rungs[index + 1]?.state === 'reached'}
            title={label}
          >
            <Mark shape={shapes[state]} />
            {name}
            <span className="off-screen">{label.slice(name.length)}</span>
            {state === 'stopped' && <strong aria-hidden="true">missing</strong>}
          </li>
        ))}
      </ol>
      <p className="dim strip-facts">
        {facts.join(' · ')}
        {derived && ' · derived from the messages seen'}
      </p>
    </div>
  );
}
