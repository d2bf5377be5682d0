/** A run whose events are said by the test. */
import type { RunReading } from '../../src/bridge/panel.ts';
import type { Run } from '../../src/run/api.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { TraceRecorder } from '../../src/trace/recorder.ts';

export const verdict: RunReading = {
  outcome: 'established',
  verdict: 'It worked.',
  durationMs: 12.5,
  retransmissions: 0,
  version: '1.2',
};

export class FakeRun implements Run {
  readonly header = {
    tool: 'test',
    kind: 'run',
    startedAt: 1,
    title: undefined,
    localRole: 'client',
    commandLine: 'dtlscope probe sim',
  } as const;
  readonly recorder = new TraceRecorder(this.header);
  stopped = false;
  #finish: () => void = () => {};
  readonly finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });
  subscribe(hear: (event: TraceEvent) => void): () => void {
    return this.recorder.subscribe(hear);
  }
  note(from: number, to: number): void {
    for (let i = from; i < to; i++) this.recorder.push({ kind: 'note', at: i, text: `note ${i}` });
  }
  datagram(packet: number, size: number): void {
    this.recorder.push({
      kind: 'datagram',
      at: packet,
      packet,
      src: 'a',
      dst: 'b',
      from: 'client',
      bytes: new Uint8Array(size).fill(packet),
      length: size,
      contents: undefined,
    });
  }
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.end('cancelled');
  }
  end(how: 'done' | 'cancelled' = 'done'): void {
    this.recorder.push({ kind: 'end', at: 1000, how, why: undefined });
    this.#finish();
  }
}
