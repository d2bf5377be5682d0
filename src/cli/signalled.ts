/**
 * Probes of `sdp:`, `whip:` and `whep:`: sockets on the addresses of this machine, files and standard input as the way that
 * descriptions are carried, Node's `fetch` for HTTP.
 */

import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { nodeProvider } from '../crypto/node/index.ts';
import type { EndpointConfig } from '../engine/index.ts';
import type { DescriptionType } from '../ice/sdp.ts';
import { readDescription, unusableBecause, unwrap } from '../ice/sdp.ts';
import {
  askedOfPath,
  findSignalledPath,
  type PathNews,
  readHangup,
  type Search,
  type Settled,
  type Signalling,
  signalledConfig,
  startPathRun,
  type Transport,
  textSignalling,
  turnCredentials,
  whipSignalling,
} from '../run/index.ts';
import { parseBind, type Scenario, type SignalledTarget } from '../scenario/index.ts';
import { type CredentialSource, systemRandom } from './credentials.ts';
import { Exit, Stop } from './exit.ts';
import { readInput } from './files.ts';
import { announced, checked, common, type Prepared, type Tampering, untouched, withPassword } from './prepared.ts';
import { openConnected, openListening } from './udp.ts';

/** Shows our description to whoever carries it to the peer. */
export type Carry = (ours: { readonly type: DescriptionType; readonly sdp: string }) => void;

/** What the terminal carries descriptions to. */
export type CarriedTarget = Exclude<SignalledTarget, { readonly kind: 'browser' | 'page' }>;

export async function prepareSignalled(
  scenario: Scenario,
  target: CarriedTarget,
  carry: Carry,
  ours: CredentialSource,
  { adjust, drive }: Tampering = untouched,
): Promise<Prepared> {
  const { options } = scenario;
  const given = target.kind === 'sdp' ? readGiven(target.file) : undefined;
  const credentials = await ours(options);
  const own = signalledConfig(options, credentials);
  const config = (settled: Settled): EndpointConfig => adjust(own(settled));
  // Either role may come of it; options that no endpoint could work with are told before anything is sent.
  for (const role of ['client', 'server'] as const) checked(own({ role, fingerprints: [], timerMs: undefined }));
  const fingerprints = announced(options, credentials);

  const server = options.turn && withPassword(options.turn);
  const relay = server && {
    transport: await openConnected(server.host, server.port, options.bind),
    credentials: turnCredentials(server),
  };
  const hosts = relay ? [] : await openHosts(options.bind, await isLocal(target, given));
  const spec = common(scenario);
  const signallingOf = (tell: (news: PathNews) => void): Signalling =>
    target.kind === 'sdp'
      ? textSignalling({
          offer: given,
          show: carry,
          answer: (ended) => waitForFile(target.file, ended, (text) => text),
          hangup: target.file === '-' ? undefined : (closed) => waitForFile(target.file, closed, readHangup),
          tell,
        })
      : whipSignalling({
          kind: target.kind,
          url: target.url,
          token: options.token ?? process.env['DTLSCOPE_TOKEN'],
          fetch: (url, init) => fetch(url, init),
          clock: spec.clock,
          tell,
        });
  return {
    header: spec.header,
    start: () =>
      startPathRun({
        ...spec,
        ...drive,
        find: (search: Search) =>
          findSignalledPath(
            {
              signalling: signallingOf,
              hosts,
              relay,
              ...askedOfPath(options, target),
              fingerprints,
              config,
              connect: (host, port) => openConnected(host, port, options.bind).catch(() => undefined),
              resolve: resolveName,
              crypto: nodeProvider,
              random: systemRandom,
            },
            search,
          ),
      }),
    abandon: () => {
      for (const host of hosts) host.close();
      relay?.transport.close();
    },
  };
}

/** The offer in a file; undefined when there is no such file yet: then the peer's answer to ours is to come there. */
function readGiven(file: string): string | undefined {
  if (file !== '-' && !existsSync(file)) return undefined;
  const bytes = file === '-' ? readFileSync(0) : readInput(file, 'the description');
  const text = new TextDecoder().decode(bytes);
  const name = file === '-' ? 'standard input' : file;
  const { type } = unwrap(text);
  if (type === 'answer')
    throw new Stop(
      Exit.usage,
      `${name} holds an answer, and no offer of ours was there before it.`,
      'Give the peer’s offer; or name a file that does not exist yet: an offer of ours is shown, and its answer is waited for there.',
    );
  const why = unusableBecause(text, 'offer');
  if (why !== undefined) throw new Stop(Exit.usage, `${name} can not be used: ${why}`);
  return text;
}

/** Between looks at a file that is waited for. ms */
const lookMs = 200;

/** What `read` makes of a file's text, as soon as it makes anything of it. */
async function waitForFile<T>(
  file: string,
  ended: Promise<void>,
  read: (text: string) => T | undefined,
): Promise<T | undefined> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  let before = '';
  while (!over) {
    const text = readQuietly(file);
    // Whoever writes it may be in the middle: twice the same is whole.
    const found = text !== '' && text === before ? read(text) : undefined;
    if (found !== undefined) return found;
    before = text;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, lookMs)), ended]);
  }
  return undefined;
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Whether the peer is on this machine, or may be: then the loopback addresses are candidates too. */
async function isLocal(target: CarriedTarget, given: string | undefined): Promise<boolean> {
  if (target.kind !== 'sdp') {
    const host = new URL(target.url).hostname.replace(/^\[|\]$/g, '');
    return isLoopback((await resolveName(host)) ?? '');
  }
  if (given === undefined) return true;
  return readDescription(given).transports.some(({ candidates }) =>
    candidates.some(({ address }) => isLoopback(address)),
  );
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** A socket on each address of this machine, or on the one that was asked for. */
export async function openHosts(bind: string | undefined, loopback: boolean): Promise<readonly Transport[]> {
  const chosen = bind === undefined ? undefined : parseBind(bind);
  if (chosen) return [await openListening(chosen.host, chosen.port)];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  const wanted = loopback || outside.length === 0 ? [...outside, ...all.filter(({ internal }) => internal)] : outside;
  const opened = await Promise.allSettled(wanted.map(({ address }) => openListening(address, 0)));
  const hosts = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (hosts.length === 0)
    throw new Stop(Exit.infrastructure, 'This machine has no address that a peer could be reached from.');
  return hosts;
}

async function resolveName(host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host, { verbatim: true })).address;
  } catch {
    return undefined;
  }
}
