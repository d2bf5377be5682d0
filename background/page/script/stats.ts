/** What getStats and the RTCDtlsTransports of a connection say of each transport, in our few words and within bounds. */
import { toBase64 } from '../../../src/base/bytes.ts';
import { type PageTransport, pageLimits } from '../../../src/bridge/page.ts';
import { natives } from './natives.ts';

type Stats = Readonly<Record<string, unknown>>;

/** All RTCDtlsTransports that a connection has now, each once. */
export function dtlsTransports(pc: unknown): readonly RTCDtlsTransport[] {
  const found = new Set<RTCDtlsTransport>();
  const add = (holder: unknown): void => {
    const transport = (holder as { readonly transport?: unknown } | null | undefined)?.transport;
    if (typeof RTCDtlsTransport !== 'undefined' && transport instanceof RTCDtlsTransport) found.add(transport);
  };
  for (const holder of [...list(natives.getSenders(pc, [])), ...list(natives.getReceivers(pc, []))]) add(holder);
  add(natives.sctp(pc));
  return [...found].slice(0, pageLimits.transports);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Rejects when the connection does not answer. */
export async function readTransports(pc: unknown): Promise<readonly PageTransport[]> {
  const report = (await natives.getStats(pc, [])) as ReadonlyMap<string, Stats>;
  const all = new Map<string, Stats>();
  for (const [id, stats] of report) all.set(id, stats);
  const objects = dtlsTransports(pc);
  const transports = [...all.values()].filter(({ type }) => type === 'transport').slice(0, pageLimits.transports);
  return transports.map((stats, index) => {
    const pair = all.get(String(stats['selectedCandidatePairId']));
    const chain = objects.length === transports.length ? chainOf(objects[index]) : [];
    const rtt = pair?.['currentRoundTripTime'];
    return defined({
      dtlsState: text(stats['dtlsState']),
      dtlsRole: text(stats['dtlsRole']),
      tlsVersion: text(stats['tlsVersion']),
      dtlsCipher: text(stats['dtlsCipher']),
      srtpCipher: text(stats['srtpCipher']),
      iceState: text(stats['iceState']),
      iceRole: text(stats['iceRole']),
      local: candidate(all.get(String(pair?.['localCandidateId']))),
      remote: candidate(all.get(String(pair?.['remoteCandidateId']))),
      rttMs: typeof rtt === 'number' && rtt >= 0 ? Math.round(rtt * 1e5) / 100 : undefined,
      certificates: chain.length > 0 ? chain : chainFromStats(all, stats['remoteCertificateId']),
    });
  });
}

/** The peer's chain by RTCDtlsTransport.getRemoteCertificates. */
function chainOf(transport: RTCDtlsTransport | undefined): readonly string[] {
  const certificates = transport && list(natives.remoteCertificates(transport, []));
  return (certificates ?? [])
    .slice(0, pageLimits.certificates)
    .flatMap((der) => (der instanceof ArrayBuffer ? [toBase64(new Uint8Array(der))] : []))
    .filter((der) => der.length <= pageLimits.certificate);
}

/** The same by getStats, leaf first. */
function chainFromStats(all: ReadonlyMap<string, Stats>, first: unknown): readonly string[] {
  const chain: string[] = [];
  for (let id = first; typeof id === 'string' && chain.length < pageLimits.certificates; ) {
    const certificate = all.get(id);
    const der = certificate?.['base64Certificate'];
    if (typeof der !== 'string' || der.length > pageLimits.certificate) break;
    chain.push(der);
    id = certificate?.['issuerCertificateId'];
  }
  return chain;
}

/** "host 192.0.2.1:5000" */
function candidate(stats: Stats | undefined): string | undefined {
  if (stats === undefined) return undefined;
  const address = text(stats['address'] ?? stats['ip']) ?? '?';
  const shown = address.includes(':') ? `[${address}]` : address;
  return text(`${String(stats['candidateType'])} ${shown}:${String(stats['port'])}`);
}

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, pageLimits.text) : undefined;

/** Without the fields that nobody told. */
function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
