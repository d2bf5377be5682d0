/**
 * Which stack each side probably is: what the profiles know of stacks, held against what a side did. A hint with its reasons,
 * never a fact: libraries share habits, and applications choose the offer. What nobody has looked at counts for nothing.
 */
import { tryDecode } from '../codec/codec.ts';
import { type HelloShape, known, ourselves, type Profile, profiles } from '../profiles/index.ts';
import type { Actor } from '../trace/model.ts';
import { extensionCode, findExtension } from '../wire/extensions.ts';
import { type ClientHello, clientHello, helloVerifyRequest } from '../wire/handshake.ts';
import { extensionTypes, HandshakeType } from '../wire/registry.ts';
import type { Handshake, MessageView } from './model.ts';

export interface PeerGuess {
  /** Titles of the stacks that fit best; several when nothing tells them apart. */
  readonly stacks: readonly string[];
  readonly sure: 'probably' | 'perhaps';
  /** What speaks for it, the strongest first. */
  readonly reasons: readonly string[];
}

/** How much a trait says: a whole list in its order says much, a timer that half of all stacks have says little. */
const weight = { list: 4, part: 2, habit: 1 } as const;
const enough = { perhaps: 3, probably: 6 } as const;
/** More than these fit: nothing is known. Three make certificates of the same name. */
const mostStacks = 3;
/** Without a whole list that fits, a stack that lacks no more than one small trait fits as well. */
const closeBy = 2;
const candidates: readonly Profile[] = [...profiles, ourselves];

interface Trait {
  readonly weight: number;
  readonly reason: string;
}

/** The guess for each side; undefined where too little is known. Pure. */
export function guessPeers(handshake: Handshake): Readonly<Record<Actor, PeerGuess | undefined>> {
  return { client: guess(handshake, 'client'), server: guess(handshake, 'server') };
}

function guess(handshake: Handshake, actor: Actor): PeerGuess | undefined {
  // Of our own end we know who it is.
  if (handshake.ours.includes(actor)) return undefined;
  const seen = seenOf(handshake, actor);
  const scored = candidates
    .map((profile) => {
      const traits = traitsOf(profile, seen, actor).sort((a, b) => b.weight - a.weight);
      return { title: profile.title, traits, score: traits.reduce((sum, trait) => sum + trait.weight, 0) };
    })
    .sort((a, b) => b.score - a.score);
  const best = scored[0]?.score ?? 0;
  const list = scored[0]?.traits.some((trait) => trait.weight === weight.list);
  const least = list ? best : Math.max(weight.part, best - closeBy);
  const fitting = scored.filter(({ score }) => score >= least);
  const software = handshake.software[actor];
  const said = software === undefined ? [] : [`its STUN messages say “${software}”`];
  if (best < enough.perhaps || fitting.length > mostStacks)
    return software === undefined ? undefined : { stacks: [software], sure: 'perhaps', reasons: said };
  return {
    stacks: fitting.map(({ title }) => title),
    sure: best >= enough.probably && fitting.length === 1 ? 'probably' : 'perhaps',
    reasons: [...(fitting[0]?.traits ?? []).map(({ reason }) => reason), ...said],
  };
}

interface Seen {
  readonly hello: ClientHello | undefined;
  /** Codes of its extensions, without those that come and go. */
  readonly extensions: readonly number[];
  readonly verify: { readonly version: number; readonly cookieLength: number } | undefined;
  readonly commonName: string | undefined;
  /** Waits before a flight was sent again for the first time. ms */
  readonly firstTimers: readonly number[];
  /** The largest datagram of a first sending that holds a fragment which is not the last of its message. */
  readonly fullDatagram: number | undefined;
  /** Whether fragments had the same borders when they were sent again; undefined when that was not seen. */
  readonly borders: 'stable' | 'recut' | undefined;
}

function seenOf(handshake: Handshake, actor: Actor): Seen {
  const last = (type: number): MessageView | undefined =>
    handshake.messages.findLast((one) => one.from === actor && one.message === type && one.complete);
  const helloMessage = actor === 'client' ? last(HandshakeType.clientHello) : undefined;
  const hello = helloMessage && tryDecode(clientHello, helloMessage.body);
  const verifyMessage = actor === 'server' ? last(HandshakeType.helloVerifyRequest) : undefined;
  const verify = verifyMessage && tryDecode(helloVerifyRequest, verifyMessage.body);
  const sizes = handshake.datagrams
    .filter(({ from, attempt }) => from === actor && attempt === 0)
    .filter(({ records }) =>
      records.some(({ fragments }) => fragments.some(({ offset, length, total }) => offset + length < total)),
    )
    .map(({ size }) => size);
  return {
    hello: hello?.ok ? hello.value : undefined,
    extensions: hello?.ok
      ? (hello.value.extensions ?? [])
          .map((one) => extensionCode('client_hello', one))
          .filter((code) => !passing.has(code))
      : [],
    verify: verify?.ok ? { version: verify.value.server_version, cookieLength: verify.value.cookie.length } : undefined,
    commonName: /(?:^|[,+] ?)CN=([^,+]*)/.exec(handshake.certificates[actor][0]?.subject ?? '')?.[1],
    firstTimers: handshake.timers
      .filter((timer) => timer.actor === actor && timer.action === 'fired' && timer.attempt === 1)
      .map(({ durationMs }) => durationMs),
    fullDatagram: sizes.length === 0 ? undefined : Math.max(...sizes),
    borders: bordersOf(handshake, actor),
  };
}

/** Compares the fragments of each message in its first and second sending, where both had several. */
function bordersOf({ datagrams }: Handshake, actor: Actor): Seen['borders'] {
  const first = new Map<string, Set<string>>();
  let verdict: Seen['borders'];
  for (const { from, attempt, records } of datagrams) {
    if (from !== actor) continue;
    for (const { messageKey, offset, length, total } of records.flatMap(({ fragments }) => fragments)) {
      if (length === total) continue;
      const borders = first.get(messageKey) ?? new Set<string>();
      if (attempt === 0) first.set(messageKey, borders.add(`${offset}+${length}`));
      else if (borders.size > 0 && verdict !== 'recut')
        verdict = borders.has(`${offset}+${length}`) ? 'stable' : 'recut';
    }
  }
  return verdict;
}

function traitsOf(profile: Profile, seen: Seen, actor: Actor): Trait[] {
  const { timers, datagrams } = profile;
  const traits: Trait[] = actor === 'client' && seen.hello ? helloTraits(profile, seen.hello, seen.extensions) : [];
  const add = (holds: boolean, size: number, reason: string): void => {
    if (holds) traits.push({ weight: size, reason });
  };
  const verify = profile.verify && known(profile.verify);
  add(
    verify !== undefined && seen.verify?.version === verify.version && seen.verify.cookieLength === verify.cookieLength,
    weight.part,
    `its HelloVerifyRequest has version 0x${verify?.version.toString(16)} and a cookie of ${verify?.cookieLength} bytes`,
  );
  const name = profile.commonName && known(profile.commonName);
  add(name !== undefined && seen.commonName === name, weight.list, `its certificate is called ${name}`);
  const start = known(timers.start);
  const timer = seen.firstTimers.find((ms) => start !== undefined && ms >= start * 0.95 && ms <= start * 1.2 + 15);
  add(timer !== undefined, weight.habit, `its first timer is ${Math.round(timer ?? 0)} ms`);
  const mtu = known(datagrams.mtu);
  const full = seen.fullDatagram;
  add(
    mtu !== undefined && full !== undefined && full <= mtu && full > mtu - 4,
    weight.part,
    `its full datagrams have ${full} bytes`,
  );
  const borders = known(datagrams.borders);
  add(
    borders !== undefined && seen.borders === borders,
    weight.habit,
    seen.borders === 'stable' ? 'it sends the same fragments again' : 'it cuts other fragments when it sends again',
  );
  return traits;
}

/** Extensions that come and go with settings and with the second hello; they say nothing of the order of the others. */
const passing: ReadonlySet<number> = new Set([41, 44, 54, 0x5500]);

function helloTraits(
  { hello: shape, extensionOrder, offer }: Profile,
  hello: ClientHello,
  seen: readonly number[],
): Trait[] {
  const traits: Trait[] = [];
  const order = (extensionOrder && known(extensionOrder)) ?? (shape && codesOf(shape));
  if (shape?.order === 'shuffled') {
    if (isSetOf(codesOf(shape), seen))
      traits.push({ weight: weight.part, reason: 'the set of its extensions, in random order' });
  } else if (order && isInOrder(order, seen))
    traits.push({ weight: weight.list, reason: 'the order of its extensions' });
  const same = (ours: readonly number[] | undefined, theirs: readonly number[] | undefined): boolean =>
    ours !== undefined &&
    theirs !== undefined &&
    ours.length > 0 &&
    ours.length === theirs.length &&
    ours.every((code, i) => code === theirs[i]);
  const groups = findExtension(hello.extensions, 'supported_groups')?.named_group_list;
  const schemes = findExtension(hello.extensions, 'signature_algorithms')?.supported_signature_algorithms;
  if (same(known(offer.cipherSuites), hello.cipher_suites))
    traits.push({ weight: weight.list, reason: 'the list of its cipher suites' });
  if (same(known(offer.groups), groups)) traits.push({ weight: weight.part, reason: 'the list of its groups' });
  if (same(known(offer.signatureSchemes), schemes))
    traits.push({ weight: weight.part, reason: 'the list of its signature algorithms' });
  return traits;
}

/** Whether a list could come from this order: nothing that it does not have, each in its place. */
function isInOrder(order: readonly number[], seen: readonly number[]): boolean {
  const places = seen.map((code) => order.indexOf(code));
  // Few extensions are in order by chance.
  return seen.length >= fewest && places.every((place, i) => place > (places[i - 1] ?? -1));
}
const fewest = 4;

/** Whether these are the extensions of a shuffled list; those of settings that may be empty may be missing. */
const isSetOf = (all: readonly number[], seen: readonly number[]): boolean =>
  seen.every((code) => all.includes(code)) &&
  all.every((code) => passing.has(code) || optional.has(code) || seen.includes(code));
/** use_srtp, application_layer_protocol_negotiation. */
const optional: ReadonlySet<number> = new Set([14, 16]);

/** Shapes are data that never changes, and every handshake is held against all of them. */
function codesOf(shape: HelloShape): readonly number[] {
  const known = codesOfShapes.get(shape);
  if (known) return known;
  const codes = shape.extensions.map((one) =>
    typeof one === 'string' ? (codeOf.get(one) ?? -1) : extensionCode('client_hello', one),
  );
  codesOfShapes.set(shape, codes);
  return codes;
}
const codesOfShapes = new WeakMap<HelloShape, readonly number[]>();
const codeOf: ReadonlyMap<string, number> = new Map(
  Object.entries(extensionTypes).map(([code, name]) => [name, Number(code)]),
);
