/** Before a stand-in sends its first datagram: where to, and who says so. Nothing goes out without this click. */
import type { ReactElement } from 'react';
import { plural } from '../layout/text.ts';
import { useActions, useSlice } from './context.ts';

export function StandInQuestion(): ReactElement | null {
  const standIn = useSlice((state) => state.page?.standIn);
  const { allow, stopStandIn } = useActions();
  if (standIn?.state !== 'asking') return null;
  const { asked, session, origin } = standIn;
  return (
    <section className="callout question" data-tone="warn" role="alertdialog" aria-label="May dtlscope send?">
      <p>
        <strong>
          {asked.length === 0
            ? 'The peer has named no address yet.'
            : `May dtlscope send UDP to ${asked.length === 1 ? 'this address' : `these ${asked.length} addresses`}?`}
        </strong>{' '}
        A page chose them: <bdi>{origin}</bdi> and whoever it speaks to.
        {asked.length === 0 && ' Go on, and you are asked again for each that comes.'}
      </p>
      {asked.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul className="destinations" tabIndex={0} aria-label={plural(asked.length, 'address', 'addresses')}>
          {asked.map(({ address, what }) => (
            <li key={address}>
              <code>
                <bdi>{address}</bdi>
              </code>{' '}
              <span className="dim">
                <bdi>{what}</bdi>
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="row">
        <button
          type="button"
          className="primary"
          onClick={() =>
            void allow(
              session,
              asked.map(({ address }) => address),
            )
          }
        >
          {asked.length === 0 ? 'Go on' : 'Send there'}
        </button>
        <button type="button" onClick={() => void stopStandIn(session)}>
          Stop the run
        </button>
      </p>
    </section>
  );
}
