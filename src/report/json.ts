/**
 * A handshake as the JSON that scripts rely on (`--json`). Names and units are promises: IANA and RFC names, milliseconds
 * since the handshake's first datagram, UDP payload bytes, half-open ranges; what is not known is null.
 */
import type { CertificateView, Handshake } from '../analysis/model.ts';
import type { Diagnosis, Outcome, Severity } from '../diagnosis/model.ts';
import { stepResultText } from '../diagnosis/steps.ts';
import type { Actor } from '../trace/model.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { agreedNames, alertNames } from './names.ts';

export interface HandshakeJson {
  readonly id: string;
  readonly client: string;
  readonly server: string;
  readonly outcome: Outcome;
  /** RFC name of the last handshake message that was complete, from either side. */
  readonly lastMessage: string | null;
  readonly verdict: string;
  /** Names of fields that are inferred. */
  readonly inferred: readonly string[];
  readonly version: string | null;
  readonly cipherSuite: string | null;
  readonly group: string | null;
  readonly signature: string | null;
  readonly srtpProfile: string | null;
  readonly extendedMasterSecret: boolean | null;
  readonly alpn: string | null;
  /** From the first datagram until the handshake was complete; null when it was not. */
  readonly durationMs: number | null;
  /** DTLS datagrams that each side sent, and the largest of all. */
  readonly datagrams: { readonly client: number; readonly server: number; readonly largest: number };
  readonly flights: readonly {
    readonly number: number;
    readonly from: Actor;
    readonly messages: readonly string[];
    readonly sentAtMs: number;
    /** Of its first sending. */
    readonly datagrams: number;
    readonly complete: boolean;
  }[];
  readonly retransmissions: Readonly<Record<Actor, number>>;
  readonly lost: readonly {
    readonly from: Actor;
    readonly message: string;
    readonly bytes: readonly [number, number];
  }[];
  readonly alerts: readonly {
    readonly from: Actor;
    /** "warning" or "fatal"; null, as the description, for an encrypted alert without keys. */
    readonly level: string | null;
    readonly description: string | null;
    readonly afterMessage: string | null;
  }[];
  /** What a run was asked to do once it is established, as far as it was begun in this handshake. */
  readonly steps: readonly {
    /** From 1, in the whole run. */
    readonly number: number;
    readonly step: string;
    readonly atMs: number;
    /** Null for one that has no end. */
    readonly durationMs: number | null;
    readonly state: 'begun' | 'done' | 'failed';
    /** How it ended, as a sentence. */
    readonly text: string | null;
  }[];
  readonly certificates: Readonly<Record<Actor, readonly CertificateJson[]>>;
  readonly findings: readonly {
    readonly id: string;
    readonly severity: Severity;
    readonly title: string;
    readonly why: string;
    readonly fix: string;
    readonly see: string;
    readonly evidence: readonly { readonly packet: number; readonly start: number; readonly end: number }[];
  }[];
}

export interface CertificateJson {
  readonly subject: string | null;
  readonly key: string | null;
  readonly bytes: number;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly sha256: string;
}

/** The handshake as scripts see it. */
export function handshakeJson(handshake: Handshake, diagnosis: Diagnosis): HandshakeJson {
  const { parameters, traffic, startedAt, establishedAt } = handshake;
  const agreed = agreedNames(parameters);
  const firstSendings = new Map<number, number>();
  for (const { flight, attempt } of handshake.datagrams) {
    if (flight !== undefined && attempt === 0) firstSendings.set(flight, (firstSendings.get(flight) ?? 0) + 1);
  }
  // Places are those of the UDP payload, of which a relay's framing is a part.
  const wrapped = new Map(
    handshake.datagrams.flatMap(({ packet, wrapping }) => (wrapping ? [[packet, wrapping.start] as const] : [])),
  );
  return {
    id: handshake.id,
    client: handshake.client,
    server: handshake.server,
    outcome: diagnosis.outcome,
    lastMessage: diagnosis.lastMessage ?? null,
    verdict: diagnosis.verdict,
    inferred: [...handshake.inferred],
    version: agreed.version ?? null,
    cipherSuite: agreed.cipherSuite ?? null,
    group: agreed.group ?? null,
    signature: agreed.signature ?? null,
    srtpProfile: agreed.srtpProfile ?? null,
    extendedMasterSecret: parameters.extendedMasterSecret ?? null,
    alpn: agreed.alpn ?? null,
    durationMs: establishedAt === undefined ? null : milliseconds(establishedAt - startedAt),
    datagrams: {
      client: traffic.client.datagrams,
      server: traffic.server.datagrams,
      largest: Math.max(traffic.client.largest, traffic.server.largest),
    },
    flights: handshake.flights.map(({ number, from, messages, sentAt, complete }) => ({
      number,
      from,
      messages: [...messages],
      sentAtMs: milliseconds(sentAt - startedAt),
      datagrams: firstSendings.get(number) ?? 0,
      complete,
    })),
    retransmissions: { client: handshake.retransmissions.client, server: handshake.retransmissions.server },
    lost: handshake.lost.map(({ from, message, bytes: [start, end] }) => ({
      from,
      message: handshakeTypeName(message),
      bytes: [start, end],
    })),
    alerts: handshake.alerts.map((alert) => ({
      from: alert.from,
      level: alertNames(alert)?.level ?? null,
      description: alertNames(alert)?.description ?? null,
      afterMessage: alert.afterMessage ?? null,
    })),
    steps: handshake.steps.map(({ number, step, beganAt, endedAt, state, result }) => ({
      number,
      step,
      atMs: milliseconds(beganAt - startedAt),
      durationMs: endedAt === undefined ? null : milliseconds(endedAt - beganAt),
      state,
      text: result === undefined ? null : stepResultText(result),
    })),
    certificates: {
      client: handshake.certificates.client.map(certificateJson),
      server: handshake.certificates.server.map(certificateJson),
    },
    findings: diagnosis.findings.map(({ id, severity, title, why, fix, see, evidence }) => ({
      id,
      severity,
      title,
      why,
      fix,
      see,
      evidence: evidence.map(({ packet, start, end }) => {
        const by = wrapped.get(packet) ?? 0;
        return { packet, start: start + by, end: end + by };
      }),
    })),
  };
}

const certificateJson = (certificate: CertificateView): CertificateJson => ({
  subject: certificate.subject ?? null,
  key: certificate.key ?? null,
  bytes: certificate.bytes,
  notBefore: certificate.notBefore ?? null,
  notAfter: certificate.notAfter ?? null,
  sha256: certificate.sha256,
});

/** To the microsecond: differences of doubles otherwise show digits that nobody measured. */
const milliseconds = (ms: number): number => Math.round(ms * 1000) / 1000;
