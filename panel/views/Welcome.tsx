/** What can be done before anything has run: three ways in, each one click or one line away. */
import type { ReactElement } from 'react';
import { presets } from '../../src/scenario/index.ts';
import { applyPreset, setField } from '../state/form.ts';
import { useActions, useSlice } from './context.ts';
import { OpenButton } from './OpenFiles.tsx';

/** Presets that tell a story of their own between two ends in memory. */
const stories: readonly string[] = ['loss-30', 'first-certificate-lost', 'rsa-4096-mtu-300'];

export function Welcome(): ReactElement {
  const { editForm, goTo, start } = useActions();
  const ready = useSlice((state) => state.helper.kind === 'ready');
  const busy = useSlice((state) => state.starting || state.connection.link !== 'connected');
  const run = (target: string, preset: string | undefined): void => {
    editForm((form) => {
      const at = setField(form, 'target', target);
      return preset === undefined ? at : applyPreset(at, preset);
    });
    void start();
  };
  return (
    <div className="welcome">
      <section>
        <h2>See a handshake</h2>
        <p>Two ends in this browser, over a network that loses what you tell it to. No helper, no server.</p>
        <p className="row">
          <button type="button" className="primary" disabled={busy} onClick={() => run('sim', undefined)}>
            Run one in memory
          </button>
          {stories.flatMap((id) => {
            const preset = presets.find((one) => one.id === id);
            return preset
              ? [
                  <button type="button" key={id} disabled={busy} title={preset.help} onClick={() => run('sim', id)}>
                    {preset.label}
                  </button>,
                ]
              : [];
          })}
        </p>
      </section>
      <section>
        <h2>Meet a known failure</h2>
        <p>What people met in the field, each as a handshake that fails and one that is mended, side by side.</p>
        <p className="row">
          <button type="button" onClick={() => goTo('failures')}>
            Show the known failures
          </button>
        </p>
      </section>
      <section>
        <h2>Read a capture</h2>
        <p>
          Drop a <code>.pcapng</code>, <code>.pcap</code>, <code>.sqlog</code> or <code>.qlog</code> here, with its key
          log if there is one. Files are read in this panel; nothing is sent anywhere.
        </p>
        <p className="row">
          <OpenButton label="Choose files…" />
        </p>
      </section>
      <section>
        <h2>Test a gateway</h2>
        <p>
          Enter its <code>HOST:PORT</code> as the target above, choose certificate, MTU and packing under Options, and
          press Run.{' '}
          {ready ? 'The helper that sends UDP is ready.' : 'This needs the helper, a small program beside the browser.'}
        </p>
        <p className="row">
          <button type="button" onClick={() => goTo('check')}>
            See what it keeps to
          </button>
          <button type="button" onClick={() => goTo('sweep')}>
            Sweep over sizes and loss
          </button>
        </p>
      </section>
      <section>
        <h2>Ask this browser</h2>
        <p>
          What this very browser’s WebRTC stack sends and takes, in a handshake with dtlscope on this machine. Role,
          certificate and the rest are under Options.
        </p>
        <p className="row">
          <button type="button" disabled={busy || !ready} onClick={() => run('browser', undefined)}>
            Shake hands with it
          </button>
          {!ready && <span className="dim">needs the helper</span>}
        </p>
      </section>
    </div>
  );
}
