/** tshark as the second opinion. In CI it is there; without it the tests that need it say so and stop. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasTshark = ((): boolean => {
  try {
    execFileSync('tshark', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    // A runner without it must not pass for one with it.
    if (process.env['CI']) throw new Error('tshark is not installed: apt-get install tshark');
    return false;
  }
})();

/** What tshark prints for a file, and what it complains about. */
export function tshark(bytes: Uint8Array, args: readonly string[]): { out: string; complaints: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dtlscope-'));
  try {
    const file = join(folder, 'capture');
    const errors = join(folder, 'errors');
    writeFileSync(file, bytes);
    const out = execFileSync('sh', ['-c', 'exec tshark -n -r "$0" "$@" 2>"$ERRORS"', file, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, ERRORS: errors },
    });
    const complaints = execFileSync('cat', [errors], { encoding: 'utf8' });
    return { out, complaints: complaints.replace(/Running as user "root".*\n/g, '').trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A line of fields for each frame; a complaint of tshark is a failure. */
export function fields(bytes: Uint8Array, names: readonly string[], options: readonly string[] = []): string[][] {
  const { out, complaints } = tshark(bytes, ['-T', 'fields', ...names.flatMap((name) => ['-e', name]), ...options]);
  if (complaints !== '') throw new Error(`tshark: ${complaints}`);
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

export interface SeenDatagram {
  readonly packet: number;
  readonly length: number;
  readonly hex: string;
}

/** The UDP datagrams as tshark sees them: frame number, length by the UDP header, payload. */
export const udpOf = (bytes: Uint8Array): SeenDatagram[] =>
  fields(
    bytes,
    ['frame.number', 'udp.length', 'udp.payload'],
    ['-o', 'ip.defragment:TRUE', '-Y', 'udp && !icmp && !icmpv6'],
  ).map(([packet = '', length = '', hex = '']) => ({ packet: Number(packet), length: Number(length) - 8, hex }));
