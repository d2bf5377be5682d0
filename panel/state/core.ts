/** What every part of the store works with. */
import type { StoreApi } from 'zustand/vanilla';
import type { BackgroundClient } from '../../src/bridge/client.ts';
import type { PanelOptions, PanelState } from './model.ts';
import type { RunBook } from './runBook.ts';

export interface Core {
  readonly client: BackgroundClient;
  readonly book: RunBook;
  readonly store: StoreApi<PanelState>;
  readonly update: (part: Partial<PanelState>) => void;
  readonly options: PanelOptions;
  /** Does something that a user asked for; when it fails, they are told why. */
  readonly attempt: (work: () => Promise<void>) => Promise<void>;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
