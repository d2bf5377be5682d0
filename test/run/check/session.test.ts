/** How checks are gone through: in order, within their cost, with a stop that is heard. */
import { describe, expect, it } from 'vitest';
import { checks, costOf, costOfAll, type Made, reachingCost } from '../../../src/run/check/index.ts';
import { checked, checking } from './simulated.ts';

describe('the table of checks', () => {
  it('has every id once, and says what each may cost', () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    const all = costOfAll(checks, false);
    const sum = checks.reduce((handshakes, check) => handshakes + costOf(check, false).handshakes, 0);
    expect(all.handshakes).toBe(sum + reachingCost.handshakes);
  });
});

describe('a check of a peer', () => {
  it('keeps to what it said that it would cost', async () => {
    const spent = new Map<string, { handshakes: number; datagrams: number }>();
    await checked({
      hear: (event) => {
        if (event.kind !== 'made') return;
        const { check, trace } = event.made;
        const before = spent.get(check) ?? { handshakes: 0, datagrams: 0 };
        const sent = trace.events.filter((one) => one.kind === 'datagram' && one.from === 'client').length;
        spent.set(check, { handshakes: before.handshakes + 1, datagrams: before.datagrams + sent });
      },
    });
    const over = [...spent].filter(([id, used]) => {
      const check = checks.find((one) => one.id === id);
      const cost = check ? costOf(check, false) : reachingCost;
      return used.handshakes > cost.handshakes || used.datagrams > cost.datagrams;
    });
    expect(over).toEqual([]);
  });

  it('makes no further trial once it is stopped, and reports what it had', async () => {
    let made = 0;
    const report = await checking({
      hear: (event, started) => {
        if (event.kind === 'made') made++;
        if (event.kind === 'result' && event.result.id === 'retransmits') started().stop();
      },
    }).finished;
    expect(report.ended).toBe('stopped');
    expect(report.results.at(-1)?.id).toBe('retransmits');
    expect(made).toBe(report.spent.handshakes);
  });

  it('says that nobody is there when nothing answers', async () => {
    const report = await checked({ given: { link: ['out:loss=100%'] } });
    expect(report).toMatchObject({ ended: 'nobody-there', results: [] });
  });

  it('offers the scenario of a failure that options alone can make', async () => {
    const peer = { faults: { neverAgain: ['timeout'] } } as const;
    const { results } = await checked({ target: '192.0.2.2:4433', peer, only: ['retransmits'] });
    expect(results[0]).toMatchObject({ status: 'fail', findings: ['peer-never-retransmits'] });
    expect(results[0]?.scenario).toContain('target: "192.0.2.2:4433"\n');
    expect(results[0]?.scenario).toContain('link: ["out:drop=3..62"]\n');
  });

  it('is the same again with the same seed', async () => {
    const told = async () => {
      const { results } = await checked({ only: ['retransmits', 'timer-growth', 'last-flight'] });
      return results.map(({ id, status, says, numbers }) => ({ id, status, says, numbers }));
    };
    expect(await told()).toEqual(await told());
  });

  it('tells of reordering by reordering alone, whatever the timer of the peer is', async () => {
    const only = ['timer-growth', 'reordering'];
    // As pion’s, which never waits longer; and one so hasty that its flight comes again before what is late has come.
    for (const start of [1000, 30]) {
      const peer = { retransmission: { start, growth: 1, cap: start, attempts: 200 } };
      const { results } = await checked({ given: { versions: ['1.2'] }, target: '192.0.2.2:4433', peer, only });
      expect(results.map(({ id, status }) => [id, status])).toEqual([
        ['timer-growth', 'fail'],
        ['reordering', 'pass'],
      ]);
    }
  });

  it('lets no ChangeCipherSpec overtake what comes before it, which nobody has to keep', async () => {
    const made: Made[] = [];
    await checked({
      given: { versions: ['1.2'], packing: ['record'] },
      only: ['reordering'],
      hear: (event) => {
        if (event.kind === 'made' && event.made.check === 'reordering') made.push(event.made);
      },
    });
    const [before, mixed] = made;
    const ours = before?.trace.events.filter((event) => event.kind === 'datagram' && event.from === 'client') ?? [];
    const changes = ours.findIndex(
      (event) => event.kind === 'datagram' && event.contents?.records.some(({ type }) => type === 20),
    );
    const held = mixed?.scenario.options.link.flatMap((rule) =>
      rule.kind === 'script' && rule.action.kind === 'delay' ? [[rule.action.ms, rule.match.nth]] : [],
    );
    // The first of the flight, and then ChangeCipherSpec and Finished.
    expect(changes).toBeGreaterThan(0);
    expect(held?.at(-1)).toEqual([
      120,
      ours.flatMap((_, index) => (index >= changes && index < ours.length - 1 ? [index + 1] : [])),
    ]);
  });

  it('tries fragments of the last flight with a peer that takes no hello in fragments, too', async () => {
    const only = ['hello-fragments', 'reordering', 'refragmented'];
    const { results } = await checked({ target: 'sim:cookie-hello-in-one-piece', given: { versions: ['1.2'] }, only });
    expect(results.map(({ id, status }) => [id, status])).toEqual([
      ['hello-fragments', 'fail'],
      ['reordering', 'pass'],
      ['refragmented', 'pass'],
    ]);
  });

  it('gives a peer with a small receive buffer time to read a hello of a byte each', async () => {
    const sent: number[] = [];
    const { results } = await checked({
      only: ['hello-one-byte'],
      hear: (event) => {
        if (event.kind === 'made' && event.made.check === 'hello-one-byte')
          for (const one of event.made.trace.events)
            if (one.kind === 'datagram' && one.from === 'client') sent.push(one.at);
      },
    });
    expect(results[0]?.status).toBe('pass');
    expect(sent.length).toBeGreaterThan(150);
    // Erlang gives a socket room for 21 small datagrams.
    const atOnce = sent.map((at) => sent.filter((other) => other >= at && other < at + 5).length);
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(10);
  });
});
