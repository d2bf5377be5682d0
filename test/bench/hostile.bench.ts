/**
 * Every truncation of each fixture and many mutations of it, read to the verdict: nothing may throw, and nothing may take more
 * than 50 ms of CPU time for each KB. With a hundred thousand mutations it takes hours, which is why it stands here
 * and not among the tests; those run the same for a few seconds. `DTLSCOPE_MUTATIONS` is how many of each fixture (1000).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Analysis } from '../../src/analysis/analysis.ts';
import { Prng } from '../../src/base/random.ts';
import { readCapture } from '../../src/capture/read.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';

const mostMsPerKb = 50;

/** CPU time of reading a file to the verdict, ms; what throws is told with the seed that made it. */
function read(bytes: Uint8Array): number {
  const before = process.cpuUsage();
  const { trace } = readCapture(bytes);
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  for (const handshake of analysis.snapshot().handshakes) diagnose(handshake);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
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
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.pcapng'))) {
    const whole = Uint8Array.from(readFileSync(join(folder, name)));
    const random = new Prng(name);
    let [most, slow, thrown, first] = [0, 0, 0, ''];
    const attempt = (bytes: Uint8Array, what: string): void => {
      try {
        const ms = read(bytes) / Math.max(1, bytes.length / 1024);
        most = Math.max(most, ms);
        if (ms <= mostMsPerKb) return;
        slow++;
      } catch {
        thrown++;
      }
      first ||= what;
    };
    read(whole);
    // With a thousand mutations every seventh length is cut as well: then the whole takes some minutes.
    const step = mutations >= 100_000 ? 1 : 7;
    for (let length = 1; length < whole.length; length += step) attempt(whole.subarray(0, length), `cut to ${length}`);
    for (let i = 0; i < mutations; i++) attempt(mutated(whole, random), `mutation ${i}`);
    const bad = first === '' ? '' : `, the first at ${first}`;
    print(`${name.padEnd(30)} at most ${most.toFixed(1)} ms/KB, ${slow} too slow, ${thrown} threw${bad}`);
  }
}
