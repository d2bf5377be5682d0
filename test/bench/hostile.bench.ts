/**
 * Every truncation of each fixture and many mutations of it, read to the verdict: nothing may throw, and nothing may take more
 * than 50 ms of CPU time for each KB. Every other mutation is read as the terminal reads (in parts, without media), and with its keys. With a hundred thousand mutations it takes hours, which is why it stands here
 * and not among the tests; those run the same for a few seconds. `DTLSCOPE_MUTATIONS` is how many of each fixture (1000),
 * `DTLSCOPE_FIXTURE` a part of the names of those to take (all). Each mutation has a seed of its own, so that one can be had again.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Analysis } from '../../src/analysis/analysis.ts';
import { Prng } from '../../src/base/random.ts';
import { parseKeyLog, secretEvents } from '../../src/capture/keylog.ts';
import { CaptureReader, captureHeader, readCapture } from '../../src/capture/read.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { TraceEvent } from '../../src/trace/model.ts';

const mostMsPerKb = 50;

/** A whole file, as the panel reads one. */
function whole(bytes: Uint8Array): Analysis {
  const { trace } = readCapture(bytes);
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  return analysis;
}

/** Part by part, as the terminal reads. */
function inParts(bytes: Uint8Array, keys: readonly TraceEvent[]): Analysis {
  const analysis = new Analysis({ crypto: nodeProvider, header: captureHeader({}), detach: true });
  const reader = new CaptureReader({ sink: analysis });
  for (const event of keys) analysis.push(event);
  for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000));
  reader.end();
  return analysis;
}

/** CPU time of reading a file to the verdict, ms for each KB. */
function cost(bytes: Uint8Array, read: (bytes: Uint8Array) => Analysis): number {
  const before = process.cpuUsage();
  for (const handshake of read(bytes).snapshot().handshakes) diagnose(handshake);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / Math.max(1, bytes.length / 1024);
}

/** Some bytes changed, a piece doubled, or a piece taken out. */
function mutated(bytes: Uint8Array, random: Prng): Uint8Array {
  const [from, length] = [random.int(bytes.length), random.int(200)];
  switch (random.int(4)) {
    case 0:
      return Uint8Array.from([...bytes.subarray(0, from + length), ...bytes.subarray(from)]);
    case 1:
      return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + length)]);
    default: {
      const out = Uint8Array.from(bytes);
      for (let i = random.int(8); i >= 0; i--) out[random.int(out.length)] = random.int(256);
      return out;
    }
  }
}

export async function run(print: (line: string) => void): Promise<void> {
  const mutations = Number(process.env['DTLSCOPE_MUTATIONS'] ?? 1000);
  const folder = join(process.cwd(), 'test/fixtures/captures');
  const wanted = process.env['DTLSCOPE_FIXTURE'] ?? '';
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.pcapng') && file.includes(wanted))) {
    const file = Uint8Array.from(readFileSync(join(folder, name)));
    const keyLog = join(folder, name.replace('.pcapng', '.keylog'));
    const keys = existsSync(keyLog) ? secretEvents(parseKeyLog(readFileSync(keyLog)).secrets, 0) : [];
    const withKeys = (bytes: Uint8Array): Analysis => inParts(bytes, keys);
    let [most, slow, thrown, first] = [0, 0, 0, ''];
    const attempt = (bytes: Uint8Array, read: (bytes: Uint8Array) => Analysis, what: string): void => {
      try {
        let ms = cost(bytes, read);
        // What the compiler or the collector did in between is not the file's.
        for (let again = 0; ms > mostMsPerKb && again < 3; again++) ms = Math.min(ms, cost(bytes, read));
        most = Math.max(most, ms);
        if (ms <= mostMsPerKb) return;
        slow++;
        first ||= `${what} (${ms.toFixed(0)} ms/KB)`;
      } catch (error) {
        thrown++;
        first ||= `${what} (${String(error)})`;
      }
    };
    cost(file, whole);
    // With a thousand mutations every seventh length is cut as well: then the whole takes some minutes.
    const step = mutations >= 100_000 ? 1 : 7;
    for (let length = 1; length < file.length; length += step)
      attempt(file.subarray(0, length), length % 2 === 0 ? whole : withKeys, `cut to ${length}`);
    for (let i = 0; i < mutations; i++)
      attempt(mutated(file, new Prng(`${name} ${i}`)), i % 2 === 0 ? whole : withKeys, `mutation ${i}`);
    const bad = first === '' ? '' : `, the first at ${first}`;
    print(`${name.padEnd(30)} at most ${most.toFixed(1)} ms/KB, ${slow} too slow, ${thrown} threw${bad}`);
  }
}
