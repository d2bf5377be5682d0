/** Settings that no ICE agent could work with are a mistake of the caller's, found at once. */
import { parseSocketAddress } from '../base/ip.ts';
import type { IceConfig } from './api.ts';

/** ice-char (RFC 8839 §5.4). */
const iceText = /^[A-Za-z0-9+/]+$/;

/** Throws a `RangeError` that names the first setting that cannot work. */
export function checkIceConfig(config: Pick<IceConfig, 'local' | 'bases'> & Partial<IceConfig>): void {
  const { ufrag, pwd } = config.local;
  if (!iceText.test(ufrag) || ufrag.length < 4 || ufrag.length > 256)
    throw new RangeError('ufrag must be 4 to 256 letters, digits, + or /');
  if (!iceText.test(pwd) || pwd.length < 22 || pwd.length > 256)
    throw new RangeError('pwd must be 22 to 256 letters, digits, + or /');
  for (const { address } of config.bases)
    if (!parseSocketAddress(address)) throw new RangeError(`base "${address}" is no address and port`);
  for (const server of config.stunServers ?? [])
    if (!parseSocketAddress(server)) throw new RangeError(`STUN server "${server}" is no address and port`);
  for (const name of ['pacingMs', 'consentMs', 'consentLossMs', 'keepaliveMs'] as const) {
    const value = config[name];
    if (value !== undefined && !(value > 0)) throw new RangeError(`${name} must be more than 0`);
  }
  for (const name of ['gathering', 'checks'] as const)
    for (const [part, value] of Object.entries(config[name] ?? {}))
      if (!(value > 0)) throw new RangeError(`${name}.${part} must be more than 0`);
}
