/**
 * Failures that people met, each a card: what one sees, why, what mends it, and a click that makes it happen here. All of it
 * is simulated: no network, no helper.
 */
import { type ReactElement, useId, useState } from 'react';
import { type Story, type StorySide, seedLabel, stories, storySides, threadUrl } from '../../src/scenario/index.ts';
import { storiesLike } from '../layout/stories.ts';
import { outcomeBadge, plural } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { useActions, useSlice } from './context.ts';

export function FailuresView(): ReactElement {
  const [wanted, want] = useState('');
  const id = useId();
  const shown = storiesLike(stories, wanted);
  return (
    <div className="failures">
      <div className="failures-head">
        <p>
          Each fails and is mended between two simulated ends in this browser, the same every time. Nothing is sent
          anywhere, and no helper is needed.
        </p>
        <p className="row">
          <label htmlFor={id}>Find</label>
          <input
            id={id}
            type="search"
            name="failures"
            placeholder="words: certificate, Janus, S7, timer"
            spellCheck={false}
            value={wanted}
            onChange={(event) => want(event.target.value)}
          />
          <span role="status" className="dim">
            {plural(shown.length, 'failure')}
          </span>
        </p>
      </div>
      {shown.length === 0 ? (
        <div className="empty">
          <p>None of them has these words.</p>
          <button type="button" onClick={() => want('')}>
            Show all
          </button>
        </div>
      ) : (
        <ul className="cards" aria-label="Known failures">
          {shown.map((story) => (
            <li key={story.id}>
              <Card story={story} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What was asked for is under the verdict: it is brought into view, and has the focus. */
function showCompare(): void {
  requestAnimationFrame(() => {
    const tab = document.getElementById('view-compare');
    tab?.focus();
    tab?.scrollIntoView({ block: 'start' });
  });
}

const sideNames: Readonly<Record<StorySide, string>> = { failing: 'Failing', mended: 'Mended' };

function Card({ story }: { readonly story: Story }): ReactElement {
  const { runStory, compareStory, editStory } = useActions();
  const busy = useSlice((state) => state.starting || state.connection.link !== 'connected');
  const id = useId();
  const label = seedLabel(story);
  return (
    <article className="card" aria-labelledby={id} data-story={story.id}>
      <h2 id={id}>
        {story.title}{' '}
        {label !== undefined && (
          <span className="tag" title="The short name of this failure in documents, and for “Find”">
            {label}
          </span>
        )}
      </h2>
      <p>{story.seen}</p>
      <p>
        <strong>Why:</strong> {story.cause}
      </p>
      <p>
        <strong>Mended by:</strong> {story.cure}
      </p>
      {story.stands !== undefined && <p className="dim">{story.stands}</p>}
      {story.measured !== undefined && <p className="dim">{story.measured}</p>}
      <dl>
        {storySides.map((side) => (
          <div key={side}>
            <dt>{sideNames[side]}</dt>
            <dd>
              {story[side].label} <Badge badge={outcomeBadge(story[side].gives.outcome)} />{' '}
              <button
                type="button"
                className="link"
                aria-label={`Edit the ${side} scenario of: ${story.title}`}
                onClick={() => void editStory(story.id, side)}
              >
                edit
              </button>
            </dd>
          </div>
        ))}
      </dl>
      <p className="row">
        <button
          type="button"
          className="primary"
          disabled={busy}
          onClick={() => void compareStory(story.id).then(showCompare)}
        >
          Run both and compare
        </button>
        <button type="button" disabled={busy} onClick={() => void runStory(story.id, 'failing')}>
          Run the failing
        </button>
        <button type="button" disabled={busy} onClick={() => void runStory(story.id, 'mended')}>
          Run the mended
        </button>
      </p>
      {story.threads.length > 0 && (
        <p className="threads dim">
          Met in{' '}
          {story.threads.map((thread, index) => (
            <span key={thread}>
              {index > 0 && ', '}
              <a href={threadUrl(thread)} target="_blank" rel="noreferrer">
                {thread}
              </a>
            </span>
          ))}
        </p>
      )}
    </article>
  );
}
