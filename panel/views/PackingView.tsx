/** Placeholder so the tab strip compiles. */
import type { ReactElement } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
export function PackingView({ handshake }: { readonly handshake: Handshake }): ReactElement {
  return <p>{handshake.id}</p>;
}
