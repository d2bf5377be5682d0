/**
 * dtlscope itself, as others see it in a capture: a capture may have been taken of one of our own runs. Not among the profiles that
 * one can take on; a test holds it against what our endpoint sends.
 */
import { measured, unmeasured } from './figure.ts';
import type { Profile } from './model.ts';

const run = 'dtlscope 0.1: a simulated run without options';

export const ourselves: Profile = {
  id: 'dtlscope',
  title: 'dtlscope',
  about: 'our own endpoint as it is without options',
  extensionOrder: measured([23, 0xff01, 10, 11, 35, 22, 16, 13, 14, 28, 43, 45, 44, 51], run),
  offer: {
    versions: measured(['1.3', '1.2'], run),
    cipherSuites: measured([0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030], run),
    groups: measured([0x11ec, 0x001d, 0x0017, 0x0018], run),
    signatureSchemes: measured([0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601], run),
    srtpProfiles: unmeasured,
    alpn: unmeasured,
  },
  timers: {
    start: measured(1000, run),
    growth: measured(2, run),
    cap: measured(60_000, run),
    attempts: measured(12, run),
  },
  datagrams: {
    mtu: measured(1200, run),
    mtuSteps: measured([{ fromRetransmission: 2, mtu: 548 }], run),
    packing: measured('packed', run),
    resendPacking: unmeasured,
    borders: measured('recut', run),
    sharedRecords: measured(true, run),
  },
  replayWindow: measured(64, run),
  cookie: measured(false, run),
  commonName: measured('WebRTC', run),
  notes: [],
};
