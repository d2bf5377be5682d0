/**
 * Files on their way from a panel, in parts. Nothing of a file is kept before its last part is here; what a panel holds
 * open here is bounded by what may be kept in all.
 */
import { decodeEvent, decodeHeader } from '../src/bridge/events.ts';
import { BridgeError, type ToBackground } from '../src/bridge/panel.ts';
import type { Trace, TraceEvent, TraceHeader } from '../src/trace/model.ts';
import { sizeOf } from './keeping.ts';
import { tooLarge } from './runs.ts';

type Part = Extract<ToBackground, { kind: 'import' }>;

interface Growing {
  readonly header: TraceHeader;
  readonly events: TraceEvent[];
  bytes: number;
}

export class Imports {
  readonly #limit: number;
  readonly #growing = new Map<number, Growing>();

  /** `limit`: bytes of all files together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a part; the whole file with the last one. Throws a `BridgeError`, after which that file is forgotten. */
  take({ transfer, file, header, from, events, last }: Part): Trace | undefined {
    const known = this.#growing.get(transfer);
    this.#growing.delete(transfer);
    const growing = known ?? { header: readHeader(header), events: [], bytes: 0 };
    if (from !== growing.events.length) throw bad(`part ${from} of ${file} does not follow ${growing.events.length}`);
    for (const [index, json] of events.entries()) {
      const event = decodeEvent(json);
      if (event === undefined) throw bad(`event ${from + index} of ${file} is not one`);
      growing.events.push(event);
      growing.bytes += sizeOf(event);
    }
    const others = [...this.#growing.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    if (growing.bytes + others > this.#limit) throw tooLarge(file, this.#limit);
    if (last) return growing;
    this.#growing.set(transfer, growing);
    return undefined;
  }
}

function readHeader(json: unknown): TraceHeader {
  const header = decodeHeader(json);
  if (header === undefined) throw bad('its header is not one');
  return header;
}

const bad = (message: string): BridgeError => new BridgeError({ code: 'bad-message', message });
