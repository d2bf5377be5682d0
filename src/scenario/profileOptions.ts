/**
 * A profile as options and as engine settings. Options are what a flag can override; habits have no flag, and give way where
 * a flag contradicts them. What nobody has measured keeps our own default.
 */
import type { EndpointConfig } from '../engine/api.ts';
import { known, type Profile } from '../profiles/index.ts';
import type { Options } from './options.ts';

/** The options that a profile decides. */
export function optionsOfProfile({ offer, timers, datagrams, cookie }: Profile): Partial<Options> {
  return given({
    versions: known(offer.versions),
    suites: known(offer.cipherSuites),
    groups: known(offer.groups),
    sigalgs: known(offer.signatureSchemes),
    srtp: known(offer.srtpProfiles),
    alpn: known(offer.alpn),
    mtu: known(datagrams.mtu),
    packing: known(datagrams.packing),
    rto: known(timers.start),
    rtoGrowth: known(timers.growth),
    rtoMax: known(timers.cap),
    attempts: known(timers.attempts),
    cookie: known(cookie),
  });
}

/** What a profile changes in an endpoint and no option says. */
export function habitsOf({ hello, datagrams, replayWindow }: Profile, options: Options): Partial<EndpointConfig> {
  return given({
    hello,
    sessionTicket: hello?.extensions.includes('session_ticket'),
    replayWindow: known(replayWindow),
    mtuSteps: known(datagrams.mtuSteps),
    bordersOnResend: known(datagrams.borders),
    sharedRecords: known(datagrams.sharedRecords),
    // A packing that was asked for is meant for every sending.
    resendPacking: options.packing === known(datagrams.packing) ? known(datagrams.resendPacking) : undefined,
  });
}

/** Without the entries that are undefined. */
const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
