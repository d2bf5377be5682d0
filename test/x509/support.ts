/** The OpenSSL tool as the independent opinion on certificates and keys. */
import { execFileSync, spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Credential } from '../../src/crypto/keys.ts';
import { type GenerateEnvironment, generateCredential } from '../../src/x509/generate.ts';
import { parseCredentialSpec } from '../../src/x509/spec.ts';

/** A directory of the test file's own, gone when the file is done. */
export function scratch(): (name: string) => string {
  const dir = mkdtempSync(join(tmpdir(), 'dtlscope-x509-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return (name) => join(dir, name);
}

/** Runs `openssl ARGS`; throws with its complaint when it fails. */
export function openssl(args: readonly string[], input?: string | Uint8Array): Uint8Array {
  return new Uint8Array(
    execFileSync('openssl', args, { input: input ?? '', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 2 ** 26 }),
  );
}
export const opensslText = (args: readonly string[], input?: string | Uint8Array): string =>
  new TextDecoder().decode(openssl(args, input));
/** Like `openssl`, where the answer may be no. */
export function opensslAnswer(args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return { code: status, text: stdout + stderr };
}

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
export const write = (path: string, content: string | Uint8Array): string => {
  writeFileSync(path, content);
  return path;
};

/** 2026-06-15T12:00:00Z. */
export const noon = Date.UTC(2026, 5, 15, 12);

export const environment = (now: number = Date.now()): GenerateEnvironment => ({
  subtle: webcrypto.subtle as SubtleCrypto,
  random: (length) => webcrypto.getRandomValues(new Uint8Array(length)),
  now,
});

/** Makes what a specification asks for, or fails the test. */
export async function make(text: string, now?: number): Promise<Credential> {
  const spec = parseCredentialSpec(text);
  if (!spec.ok) throw new Error(`${text}: ${spec.error.why}`);
  const made = await generateCredential(spec.spec, environment(now));
  if (!made.ok) throw new Error(`${text}: ${made.error.why}`);
  return made.credential;
}
