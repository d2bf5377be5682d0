/** The files for people: what stands in them, what must not, and that a stranger's text stays text. */
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { toBase64, toHex, utf8 } from '../../src/base/bytes.ts';
import { secretsOf } from '../../src/capture/keylog.ts';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { ReadHandshake } from '../../src/diagnosis/lead.ts';
import { masker } from '../../src/report/addresses.ts';
import { reportAs, reportFiles } from '../../src/report/files.ts';
import { findingsPage } from '../../src/report/html/findingsPage.ts';
import { escapeMarkdown } from '../../src/report/markdown.ts';
import { captureNotes } from '../../src/report/packetComments.ts';
import type { Trace, TraceHeader } from '../../src/trace/model.ts';
import { fields, hasTshark } from '../capture/tshark.ts';
import { captured, captureNames, handshakesOf } from './handshakes.ts';

const read = (trace: Trace): readonly ReadHandshake[] =>
  handshakesOf(trace).map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
/** A direction mark, a zero and the beginning of a terminal's sequence. */
const hidden = new RegExp(`[${String.fromCharCode(0x202e, 0, 0x1b)}]`);
const masked = (trace: Trace) => ({ header: trace.header, addresses: 'masked' }) as const;

describe.each(reportFiles)('a report as .%s', (kind) => {
  it.each(captureNames)('says the verdict and every datagram, and no secret: %s', (name) => {
    const trace = captured(name);
    const handshakes = read(trace);
    const text = reportAs(kind, handshakes, masked(trace));
    for (const { diagnosis, handshake } of handshakes) {
      const words = text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .replace(/&#39;/g, "'");
      expect(words).toContain(diagnosis.verdict.slice(0, 40));
      if (kind !== 'svg') for (const { id } of diagnosis.findings) expect(text).toContain(id);
      // Runs of application data are one line.
      for (const { packet, flight } of handshake.datagrams.slice(0, 100))
        if (flight !== undefined) expect(text.search(new RegExp(`\\b${packet}\\b`))).toBeGreaterThan(0);
    }
    for (const { secret } of secretsOf(trace.events))
      for (const form of [toHex(secret), toHex(secret).toUpperCase(), toBase64(secret), toHex(secret).slice(0, 24)])
        expect(text).not.toContain(form);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('takes the tokens out of the command line, and folders off the name of a file', () => {
    const trace = captured('good_ecdhe_rsa');
    const header: TraceHeader = {
      ...trace.header,
      title: '/home/somebody/customers/run.sqlog',
      commandLine:
        'dtlscope probe whip:https://198.51.100.7/whip/room?key=s3cret --token hunter2 --turn turn:me:pw@203.0.113.9',
    };
    for (const addresses of ['masked', 'shown'] as const) {
      const text = reportAs(kind, read(trace), { header, addresses });
      expect(text).not.toMatch(/hunter2|s3cret|me:pw|somebody/);
      if (addresses === 'masked') expect(text).not.toMatch(/198\.51|203\.0/);
    }
  });
});

describe('a trace with many handshakes', () => {
  it('is told in full as far as a page is for reading, and of the rest the verdicts', () => {
    const trace = captured('hole');
    const [one] = read(trace);
    if (!one) throw new Error('no handshake');
    const many = Array.from({ length: 70 }, (_, i) => ({ ...one, handshake: { ...one.handshake, id: `h${i + 1}` } }));
    const html = reportAs('html', many, masked(trace));
    expect(
      [html.match(/<article/g), html.match(/<li><a /g), html.match(/<li>h\d+/g)].map((all) => all?.length),
    ).toEqual([50, 50, 20]);
    expect(html).toContain('<a href="#h50">');
    expect(html).not.toContain('<a href="#h51">');
    const md = reportAs('md', many, masked(trace));
    expect([md.match(/^### /gm)?.length, md.match(/^- h\d+: /gm)?.length]).toEqual([50, 20]);
  });
});

describe('the text of strangers', () => {
  const nasty =
    '</text></td></title><script>alert(1)</script><img src=x onerror=alert(2)>]]>\u202e\u0000\u001b[31m"\' `x` **b** [a](javascript:1) | @all #1 http://evil.example';
  const trace = captured('good_mutual_srtp');
  const hostile = (handshake: Handshake): Handshake => ({
    ...handshake,
    client: nasty,
    inferred: [],
    parameters: { ...handshake.parameters, alpn: nasty },
    certificates: {
      client: handshake.certificates.client.map((one) => ({ ...one, subject: nasty, issuer: nasty, key: nasty })),
      server: handshake.certificates.server.map((one) => ({ ...one, subject: nasty })),
    },
    refused: [{ at: handshake.startedAt, by: nasty, why: nasty }],
    failures: [{ at: handshake.startedAt, actor: 'client', failure: { fault: 'peer', code: nasty, what: nasty } }],
  });
  const handshakes = read(trace).map(({ handshake, diagnosis }) => ({
    handshake: hostile(handshake),
    diagnosis: {
      ...diagnosis,
      verdict: nasty,
      findings: [
        {
          id: 'fragment-lost',
          severity: 'error' as const,
          title: nasty,
          why: nasty,
          fix: nasty,
          see: nasty,
          evidence: [{ packet: 1, start: 0, end: 1 }],
        },
      ],
    },
  }));
  const header: TraceHeader = { ...trace.header, title: nasty, commandLine: nasty };

  it.each(['html', 'svg'] as const)('makes no element, no attribute and no hidden character of .%s', (kind) => {
    const text = reportAs(kind, handshakes, { header, addresses: 'shown' });
    expect(text).not.toMatch(/<script|<img/);
    expect(text).not.toMatch(hidden);
    const names = new Set([...text.matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name));
    expect(
      [...names].filter((name) =>
        ['script', 'img', 'iframe', 'object', 'link', 'a', 'foreignobject', 'image', 'use'].includes(name ?? ''),
      ),
    ).toEqual([]);
    // Every quote, angle bracket and ampersand of text is an entity.
    expect(text.replace(/<style>.*?<\/style>/s, '').replace(/<[^<>]*>/g, '')).not.toMatch(
      /[<>"]|&(?!(amp|lt|gt|quot|#39);)/,
    );
  });

  it('makes no link, mention, markup or fence of Markdown', () => {
    const text = reportAs('md', handshakes, { header, addresses: 'shown' });
    const prose = text.replace(/^```text\n[\s\S]*?\n```$/gm, '');
    expect(prose.replace(/<\/?(details|summary)>/g, '')).not.toMatch(/<|@|:\/\/|(?<!\\)`x/);
    expect(text).not.toMatch(hidden);
    expect(escapeMarkdown('a_b [x](y) | <b> @me http://x `c` *d*')).toBe(
      'a_b \\[x\\](y) \\| &lt;b&gt; &#64;me http&#58;//x \\`c\\` \\*d\\*',
    );
  });
});

describe('addresses', () => {
  it('are called the same wherever they stand, and loopback stays', () => {
    const mask = masker('masked');
    expect(mask('198.51.100.7:4433 to [2001:db8::7]:1, again 198.51.100.7')).toBe(
      'host-2:4433 to [host-1]:1, again host-2',
    );
    expect(mask('127.0.0.1:5 [::1]:6 localhost:7')).toBe('127.0.0.1:5 [::1]:6 localhost:7');
    expect(mask('refused by gateway.example:4433 at https://gateway.example:8443/whip/room?x=1, then')).toBe(
      'refused by host-3:4433 at https://host-3:8443, then',
    );
    expect(mask('7e6f4f1c-8a7d-4f0e-9f43-000000000001.local 2001:DB8::7 ::ffff:198.51.100.7')).toBe(
      'host-5 host-1 host-4',
    );
  });

  it('are told from fingerprints, sections, versions, times and files', () => {
    const same =
      'sha-256 AB:CD:EF:01:23:45:67:89:… RFC 6347 §4.1.1.1 OpenSSL 3.0.2 at 12:30:45 run.pcapng client server a::b::c';
    expect(masker('masked')(same)).toBe(same);
  });

  it('are shown when asked for, and what else stands in a URL is not', () => {
    expect(masker('shown')('POST https://user:pw@203.0.113.9:8443/whip/room?token=1: 201')).toBe(
      'POST https://203.0.113.9:8443: 201',
    );
  });
});

describe('findings in a pcapng', () => {
  const trace = captured('loss-small');
  const handshakes = read(trace);
  const file = toPcapng(trace, { withKeys: false }, captureNotes(handshakes));

  it('stand at the datagrams that show them, and in full at the first', () => {
    const { packets, file: whole } = captureNotes(handshakes);
    expect(whole).toEqual([expect.stringMatching(/^h1: Established/)]);
    expect(packets.get(14)?.[0]).toMatch(/^warning fragment-lost: .*408–655.*1\.005 s/);
    expect(packets.get(15)?.[0]).toBe('warning fragment-lost: Part of a flight did not arrive');
  });

  it('are not read as facts: the same is found again, and nothing is noted', () => {
    const again = readCapture(file).trace;
    expect(again.events.filter(({ kind }) => kind === 'note')).toEqual([]);
    const bare = { ...trace, events: trace.events.filter(({ kind }) => kind !== 'secret') };
    expect(read(again).map(({ diagnosis }) => diagnosis)).toEqual(read(bare).map(({ diagnosis }) => diagnosis));
  });

  it('hold no secret, with and without keys in the file', () => {
    const { file: whole, packets } = captureNotes(handshakes);
    const comments = utf8([...whole, ...[...packets.values()].flat()].join('\n'));
    for (const { secret } of secretsOf(trace.events)) expect(toHex(comments)).not.toContain(toHex(secret));
    const keyed = toPcapng(trace, { withKeys: true }, captureNotes(handshakes));
    expect(readCapture(keyed).trace.events.some(({ kind }) => kind === 'secret')).toBe(true);
    expect(readCapture(file).trace.events.some(({ kind }) => kind === 'secret')).toBe(false);
  });

  it.skipIf(!hasTshark)('are what tshark shows as comments, beside the keys that it decrypts with', () => {
    const keyed = toPcapng(trace, { withKeys: true }, captureNotes(handshakes));
    const lines = fields(keyed, ['frame.number', 'frame.comment', 'dtls.handshake.type']);
    const commented = lines.filter(([, comment]) => comment?.includes('dtlscope: warning fragment-lost'));
    expect(commented.map(([frame]) => frame)).toEqual(['14', '15']);
    expect(lines.filter(([, , types]) => types?.split(',').includes('20'))).toHaveLength(2);
  });
});

describe('the page of findings in the extension', () => {
  it('has an anchor for every rule and brings nothing that an extension’s policy forbids', () => {
    const page = findingsPage('findings.css');
    for (const id of ['fragment-lost', 'flight-unsplit']) expect(page).toContain(`id="${id}"`);
    expect(page).toContain('<link rel="stylesheet" href="findings.css">');
    expect(page).not.toMatch(/<style|<script| style=/);
  });
});
