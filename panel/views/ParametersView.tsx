/** Offer against accept in two columns; a mark and a word say what was chosen. */
import { type ReactElement, useMemo } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { type Item, parametersView, type Topic } from '../layout/parameters.ts';
import { Badge, Mark } from './Badge.tsx';
import { breakable } from './breakable.tsx';

export function ParametersView({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const view = useMemo(() => parametersView(handshake), [handshake]);
  if (!view) return <p className="empty">No whole ClientHello was seen, so nothing is known of what was offered.</p>;
  return (
    <div className="parameters">
      {view.missed.length > 0 && (
        <section className="callout" data-tone="warn" aria-label="What did not meet">
          <ul>
            {view.missed.map((text) => (
              <li key={text}>
                <bdi>{text}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
      {view.hints.length > 0 && (
        <section className="hints dim" aria-label="Which stacks they probably are">
          {view.hints.map((text) => (
            <p key={text}>
              <bdi>{text}</bdi>
            </p>
          ))}
        </section>
      )}
      <table className="offers" aria-label="Offer and accept">
        <thead>
          <tr>
            <th scope="col">Client offers</th>
            <th scope="col">Server accepts</th>
          </tr>
        </thead>
        {view.topics.map((topic) => (
          <TopicRows key={topic.title} topic={topic} />
        ))}
      </table>
    </div>
  );
}

function TopicRows({ topic }: { readonly topic: Topic }): ReactElement {
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={2}>
          {topic.title}
        </th>
      </tr>
      <tr>
        <td>
          <Items items={topic.offer} none={topic.noOffer} />
        </td>
        <td>
          <Items items={topic.accept} none={topic.noAccept} />
        </td>
      </tr>
    </tbody>
  );
}

function Items({ items, none }: { readonly items: readonly Item[]; readonly none: string }): ReactElement {
  if (items.length === 0) return <span className="dim">{none}</span>;
  return (
    <ol>
      {items.map(({ text, code, mark }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a hello may name the same thing twice
        <li key={index} data-mark={mark}>
          <span className="mark-place">{mark === 'chosen' && <Mark shape="check" />}</span>
          <span>
            <bdi>{breakable(text)}</bdi> {code !== undefined && <code className="dim">{code}</code>}
            {mark === 'chosen' && <strong> chosen</strong>}
            {mark === 'answered' && <span className="dim"> answered</span>}
            {mark === 'not-offered' && (
              <>
                {' '}
                <Badge badge={{ text: 'not offered', tone: 'warn', shape: 'bar' }} />
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
