/** The shim's process: flags in, an exit code out, and on standard error why it is not 0. */
import { run } from './run.ts';

const { code, text } = await run(process.argv.slice(2));
if (text !== '') process.stderr.write(`${text}\n`);
process.exitCode = code;
