/** Reports as whoever gets one opens them: offline, in either theme, on a phone, on paper. And the comparison in the panel. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnosis/diagnose.ts';
import { checkHtml } from '../../../src/report/check/html.ts';
import { reportAs } from '../../../src/report/files.ts';
import { findingsPage } from '../../../src/report/html/findingsPage.ts';
import { pageStyle } from '../../../src/report/html/style.ts';
import { captured, handshakesOf } from '../../report/handshakes.ts';
import { checkRows, checkTable } from '../../support/checkTable.ts';
import { launchChromium } from '../../support/launchChromium.ts';
import { openScene, panelFiles, themes } from '../../support/panelShots.ts';

let browser: Browser;
let folder: string;

beforeAll(async () => {
  browser = await launchChromium();
  folder = await mkdtemp(join(tmpdir(), 'dtlscope-report-'));
  const hostile = '<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)">\u202e';
  for (const name of ['loss-small', 'trunc'] as const) {
    const trace = captured(name);
    const read = handshakesOf(trace).map((handshake) => {
      const diagnosis = diagnose(handshake);
      if (name === 'loss-small') return { handshake, diagnosis };
      const certificates = handshake.certificates.server.map((one) => ({ ...one, subject: hostile }));
      return {
        handshake: { ...handshake, certificates: { ...handshake.certificates, server: certificates } },
        diagnosis: { ...diagnosis, verdict: `${hostile} ${diagnosis.verdict}` },
      };
    });
    for (const kind of ['html', 'svg'] as const)
      await writeFile(
        join(folder, `${name}.${kind}`),
        reportAs(kind, read, { header: { ...trace.header, title: hostile }, addresses: 'masked' }),
      );
  }
  const checked = checkRows(
    ['MUST', 'fail'],
    ['SHOULD', 'pass'],
    ['habit', 'fail'],
    ['MUST', 'not-applicable'],
    ['SHOULD', 'unclear'],
  );
  const said = checked.map((row) => ({ ...row, says: hostile, scenario: hostile }));
  await writeFile(join(folder, 'check.html'), checkHtml(checkTable(said), 'masked'));
  await writeFile(join(folder, 'findings.html'), findingsPage('findings.css'));
  await writeFile(join(folder, 'findings.css'), pageStyle);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** Complaints, dialogs, and whatever else than the file was asked for. */
  readonly trouble: string[];
}

async function open(name: string, width = 1000): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  await page.context().setOffline(true);
  const trouble: string[] = [];
  page.on('console', (message) => trouble.push(message.text()));
  page.on('pageerror', ({ message }) => trouble.push(message));
  page.on('dialog', (dialog) => {
    trouble.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith('file://')) trouble.push(request.url());
  });
  await page.goto(pathToFileURL(join(folder, name)).href);
  return { page, trouble };
}

/** Without a script tag, which the page's own policy forbids. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: tags }, preload: false });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  });
}

const pages = ['loss-small.html', 'trunc.html', 'check.html', 'findings.html'] as const;

describe('a report in HTML', () => {
  it.each(pages)('opens offline, runs and loads nothing, and is fit for everybody: %s', async (name) => {
    const { page, trouble } = await open(name);
    expect(await page.locator('script, img, iframe').count()).toBe(0);
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    expect(trouble).toEqual([]);
    await page.close();
  });

  it.each(pages)('fits a phone, and paper: %s', async (name) => {
    const { page } = await open(name, 320);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(await page.locator('.drawing').filter({ visible: true }).count()).toBe(/^(loss|trunc)/.test(name) ? 1 : 0);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.close();
  });

  it('says the verdict first, and draws the ladder that fits', async () => {
    const { page } = await open('loss-small.html');
    expect(await page.locator('h1').textContent()).toMatch(/^Established in 1\.008 s/);
    expect(await page.locator('main h2').allTextContents()).toEqual([
      'Findings',
      'Ladder',
      'Facts',
      'Parameters',
      'Certificates',
      'Packing',
    ]);
    const sizes = await page
      .locator('.drawing')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width > 0));
    expect(sizes).toEqual([true, false]);
    await page.close();
  });
});

describe('a ladder in SVG', () => {
  it.each(['loss-small.svg', 'trunc.svg'])(
    'is well-formed, runs nothing, and keeps its texts inside: %s',
    async (name) => {
      const { page, trouble } = await open(name);
      const outside = await page.evaluate(() => {
        const { width } = document.documentElement.getBoundingClientRect();
        const texts = [...document.querySelectorAll('text')].map((one) => ({
          box: one.getBoundingClientRect(),
          text: one.textContent,
        }));
        return texts.filter(({ box }) => box.left < -1 || box.right > width + 1).map(({ text }) => text);
      });
      expect(outside).toEqual([]);
      expect(
        await page.evaluate(() => document.querySelectorAll('script, image, foreignObject, parsererror').length),
      ).toBe(0);
      expect(trouble).toEqual([]);
      await page.close();
    },
  );
});

describe('a comparison in the panel', () => {
  it('begins with a pinned run, leads with the first difference, and leads to its datagram', async () => {
    const view = { width: 1200, height: 900, theme: 'light' } as const;
    const page = await openScene(browser, await panelFiles(), 'capture=good_mutual_srtp,expired_client_cert', view);
    page.setDefaultTimeout(10_000);
    const run = (name: string) => page.locator('.run-item', { hasText: name });
    await run('good_mutual_srtp').click();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByText('No baseline is pinned').waitFor();
    await page.getByRole('button', { name: 'Pin this as baseline' }).click();
    await page.getByText('This is the baseline').waitFor();
    await run('expired_client_cert').click();
    const first = page.getByRole('region', { name: 'First difference' });
    expect(await first.textContent()).toContain("The client's client_hello (flight 1): extensions");
    expect(await first.textContent()).toContain('only here: use_srtp');
    await page
      .getByRole('region', { name: 'Other differences' })
      .getByRole('button', { name: 'Show datagram 4' })
      .click();
    expect(await page.getByRole('tab', { name: 'Ladder' }).getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('#datagram-4').getAttribute('aria-selected')).toBe('true');
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Let the baseline go' }).click();
    await page.getByText('No baseline is pinned').waitFor();
    await page.close();
  });
});
