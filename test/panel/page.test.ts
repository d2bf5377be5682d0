/** The inspected page in words. What is told by a page or a browser is shown as it is, and never guessed. */
import { describe, expect, it } from 'vitest';
import {
  connectionProblems,
  connectionRow,
  connectionVerdict,
  remoteCertificates,
  timelineRows,
  transportFacts,
} from '../../panel/layout/page.ts';
import { makeRunBook } from '../../panel/reader.ts';
import { createPanel } from '../../panel/state/store.ts';
import { pageLimits } from '../../src/bridge/page.ts';
import { parseFromPage } from '../../src/bridge/pageParse.ts';
import { parseFromBackground } from '../../src/bridge/parse.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { FakeBackground } from '../support/fakeBackground.ts';
import { inspectedAccess, inspectedConnection, inspectedPage } from '../support/inspectedPage.ts';

describe('a connection', () => {
  it('says the worst first: DTLS, then ICE, then what is going on', () => {
    const { states } = inspectedConnection;
    const badge = (more: Partial<typeof inspectedConnection>): string =>
      connectionRow({ ...inspectedConnection, dtls: {}, states: { ...states, connection: 'new' }, ...more }, 1).badge
        .text;
    expect(badge({ dtls: { dtlsState: 'failed' } })).toBe('DTLS failed');
    expect(badge({ states: { ...states, ice: 'failed' } })).toBe('ICE failed');
    expect(badge({ dtls: { dtlsState: 'connected' } })).toBe('connected');
    expect(badge({ gone: true })).toBe('page left');
    expect(badge({ standIn: true })).toBe('stands in');
    expect(badge({})).toBe('new');
  });

  it('tells version and cipher by their names, and what it does not know as it stands', () => {
    const [transport = { certificates: [] }] = inspectedConnection.transports;
    const facts = (more: object) =>
      Object.fromEntries(transportFacts({ ...transport, ...more }).map((one) => [one.name, one.value]));
    expect(facts({})).toMatchObject({ Version: 'DTLS 1.2', 'SRTP profile': 'AES_CM_128_HMAC_SHA1_80' });
    expect(facts({ tlsVersion: 'FEFC' })).toMatchObject({ Version: 'DTLS 1.3' });
    expect(facts({ tlsVersion: 'huge' })).toMatchObject({ Version: 'version huge' });
    expect(transportFacts({ certificates: [] })).toEqual([]);
    const up = { ...inspectedConnection, transports: [{ ...transport, dtlsState: 'connected' }] };
    expect(connectionVerdict(up).text).toBe(
      'DTLS is established: DTLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, SRTP AES_CM_128_HMAC_SHA1_80; this browser was the DTLS server.',
    );
  });

  it('names what is wrong with both descriptions, errors first, and is silent about one that was cut', () => {
    expect(connectionProblems(inspectedConnection).map(({ id, side }) => [id, side])).toEqual([
      ['answer-actpass', 'answer'],
      ['weak-hash', 'offer'],
      ['weak-hash', 'answer'],
      ['fingerprint-repeated', 'answer'],
    ]);
    const { local } = inspectedConnection;
    if (!local) throw new Error('no description');
    const cut = { ...inspectedConnection, local: { ...local, cut: 10_000_000 } };
    expect(connectionProblems(cut).some(({ side }) => side === 'offer')).toBe(false);
  });

  it('reads the peer’s certificates with our own reader, broken ones too', () => {
    const [transport = { certificates: [] }] = inspectedConnection.transports;
    const [card] = remoteCertificates(transport, nobleProvider, 1_700_000_000_000);
    expect(card?.facts).toContainEqual({ name: 'Key', value: 'ECDSA P-256' });
    const broken = remoteCertificates({ certificates: ['AAAA', '!'] }, nobleProvider, 0);
    expect(broken.map(({ facts }) => facts[0])).toEqual([{ name: 'Subject', value: 'not readable' }]);
  });

  it('shows nothing that would turn a line around, and says where lines are missing', () => {
    const rows = timelineRows({ ...inspectedConnection, skipped: 7 });
    expect(rows.map(({ text }) => text).join('')).not.toMatch(/\u202e/);
    expect(rows.filter(({ text }) => text === '… 7 more …')).toHaveLength(1);
    expect(rows[0]?.at).toBe('0.0 ms');
  });
});

describe('what crosses to the panel', () => {
  it('passes the gate as it is', () => {
    for (const message of [
      { kind: 'page', page: inspectedPage },
      { kind: 'page-connection', tab: 1, connection: inspectedConnection },
    ])
      expect(parseFromBackground(message)).toEqual({ ok: true, message });
  });

  it('and what crosses from a page is bounded in every part', () => {
    const items = (...all: readonly object[]): string =>
      JSON.stringify({ kind: 'items', items: all, leftOut: { connections: 0, items: 0 } });
    const states = { signaling: 'stable', gathering: 'new', ice: 'new', connection: 'new' };
    expect(parseFromPage(items({ kind: 'states', pc: 1, states }))).toBeDefined();
    const text = 'x'.repeat(pageLimits.text + 1);
    for (const odd of [
      items({ kind: 'states', pc: 1, states: { ...states, ice: text } }),
      items({ kind: 'states', pc: -1, states }),
      items({ kind: 'note', pc: 1, text }),
      items({ kind: 'transports', pc: 1, transports: [{ certificates: ['<script>'] }] }),
      items({
        kind: 'description',
        pc: 1,
        of: 'local',
        description: { type: 'offer', sdp: 'x'.repeat(pageLimits.sdp + 1) },
      }),
      items({ kind: 'dtls-error', pc: 1, detail: 'x', sentAlert: 256 }),
      items(...Array.from({ length: pageLimits.items + 1 }, () => ({ kind: 'note', pc: 1, text: '' }))),
      JSON.stringify({ kind: 'claim', session: 'short', pc: 1, type: 'offer', ours: '', servers: [] }),
      '['.repeat(100_000),
    ])
      expect(parseFromPage(odd)).toBeUndefined();
  });
});

describe('the panel’s store', () => {
  const open = (given = true) => {
    const client = new FakeBackground();
    const asked: string[] = [];
    const access = {
      ...inspectedAccess,
      request: async (pattern: string) => {
        asked.push(pattern);
        return given;
      },
    };
    return { client, asked, panel: createPanel({ client, book: makeRunBook(), access }) };
  };

  it('watches the inspected tab, and one connection of it in full', () => {
    const { client, panel } = open();
    client.setPage(inspectedPage, [inspectedConnection]);
    expect(panel.store.getState().page?.connections).toHaveLength(2);
    panel.actions.selectConnection('1-1');
    expect(panel.store.getState().whole?.id).toBe('1-1');
    panel.actions.selectConnection(undefined);
    expect(panel.store.getState().whole).toBeUndefined();
  });

  it('asks the user before a site is watched, and takes no for an answer', async () => {
    const { client, asked, panel } = open(false);
    await panel.actions.armSite('https://meet.example:8443');
    expect(asked).toEqual(['https://meet.example/*']);
    expect(client.asked).not.toContain('arm https://meet.example:8443');
    expect(panel.store.getState().notice).toMatchObject({ tone: 'bad' });
    const yes = open();
    await yes.panel.actions.armSite('https://meet.example:8443');
    expect(yes.client.asked).toContain('arm https://meet.example:8443');
  });

  it('starts a stand-in for its own tab, with the options of the form', async () => {
    const { client, panel } = open();
    await panel.actions.standIn();
    expect(client.requests).toMatchObject([{ target: 'page', tab: 1, options: {} }]);
  });
});
