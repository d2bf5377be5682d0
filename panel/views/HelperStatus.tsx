/** How the helper is, in the toolbar as shape and word; what to do about it, when something is to be done, under it. */
import type { ReactElement } from 'react';
import { helperHelp } from '../../src/bridge/help.ts';
import type { HelperStatus as Status } from '../../src/bridge/panel.ts';
import type { Badge as BadgeModel } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { CopyLine } from './CopyLine.tsx';
import { useActions, usePanel, useSlice } from './context.ts';

function helperBadge(status: Status): BadgeModel {
  switch (status.kind) {
    case 'unknown':
      return { text: 'helper: not asked yet', tone: 'quiet', shape: 'ring' };
    case 'connecting':
      return { text: 'helper: connecting', tone: 'quiet', shape: 'dots' };
    case 'ready':
      return { text: `helper: ready (${status.version})`, tone: 'good', shape: 'check' };
    case 'not-installed':
      return { text: 'helper: not installed', tone: 'warn', shape: 'cross' };
    case 'forbidden':
      return { text: 'helper: forbidden', tone: 'warn', shape: 'cross' };
    case 'exited':
      return { text: 'helper: exited', tone: 'warn', shape: 'cross' };
    case 'version-mismatch':
      return { text: 'helper: other version', tone: 'warn', shape: 'cross' };
    case 'failed':
      return { text: 'helper: not reachable', tone: 'warn', shape: 'cross' };
  }
}

/** Where something is to be done about the helper, the badge opens and closes what it is. */
export function HelperBadge(): ReactElement {
  const status = useSlice((state) => state.helper);
  const hidden = useSlice((state) => state.helperHidden === state.helper.kind);
  const { hideHelper } = useActions();
  const { extensionId } = usePanel();
  const badge = <Badge badge={helperBadge(status)} />;
  return (
    <span className="helper-badge" role="status">
      {helperHelp(status, extensionId) ? (
        <button type="button" className="opens" aria-expanded={!hidden} onClick={() => hideHelper(!hidden)}>
          {badge}
        </button>
      ) : (
        badge
      )}
    </span>
  );
}

export function HelperHelpBox(): ReactElement | null {
  const status = useSlice((state) => state.helper);
  const checking = useSlice((state) => state.checkingHelper);
  const hidden = useSlice((state) => state.helperHidden === state.helper.kind);
  const { checkHelper, hideHelper } = useActions();
  const { extensionId } = usePanel();
  const help = helperHelp(status, extensionId);
  if (!help || hidden) return null;
  return (
    <section className="callout helper-help" data-tone="warn" aria-label="Helper">
      <p>
        <strong>{help.title}.</strong> {help.text}
      </p>
      {help.output !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="helper-output" tabIndex={0} aria-label="What the helper printed last">
          <pre>{help.output}</pre>
        </section>
      )}
      <p className="row">
        {help.command !== undefined && (
          <>
            In a terminal: <CopyLine text={help.command} name="the command" />
          </>
        )}
        <button type="button" disabled={checking} onClick={() => void checkHelper()}>
          {checking ? 'Checking…' : 'Check again'}
        </button>
        <button type="button" onClick={() => hideHelper(true)}>
          Hide
        </button>
        {'message' in status && status.message !== help.text && (
          <span className="dim">
            The browser says: <bdi>{status.message}</bdi>
          </span>
        )}
      </p>
    </section>
  );
}
