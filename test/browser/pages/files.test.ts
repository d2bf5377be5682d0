import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { captureDirectory } from '../../support/fixtures.ts';
import { dump } from '../../support/internalsDump.ts';
import { panelOpener } from '../../support/panelOpener.ts';
import { faintTexts, overflowing, painted, themes, widths } from '../../support/panelShots.ts';

const openPanel = panelOpener(900);
/** A panel with the real reader and nothing in it. */
const open = (scene = 'reader=real'): Promise<Page> => openPanel(scene);

interface Given {
  readonly name: string;
  readonly base64: string;
}
const fixture = async (name: string): Promise<Given> => ({
  name,
  base64: (await readFile(`${captureDirectory}${name}`)).toString('base64'),
});

/** Drags files over the panel and lets them go. */
async function drop(page: Page, given: readonly Given[]): Promise<void> {
  const transfer = await page.evaluateHandle((all) => {
    const data = new DataTransfer();
    for (const { name, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      data.items.add(new File([bytes], name));
    }
    return data;
  }, given);
  await page.dispatchEvent('.panel', 'dragover', { dataTransfer: transfer });
  await page.getByText('Nothing is sent anywhere.', { exact: false }).first().waitFor();
  await page.dispatchEvent('.panel', 'drop', { dataTransfer: transfer });
}

const verdict = (page: Page): Promise<string | null> => page.locator('.verdict bdi').textContent();

/** What the ladder shows, in words: its rows' names for screen readers. */
const ladder = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-ladder] [role=option]').evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label')));

async function downloaded(page: Page, press: () => Promise<void>): Promise<Given> {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  const path = await download.path();
  return { name: download.suggestedFilename(), base64: (await readFile(path)).toString('base64') };
}

describe('files in the panel', () => {
  it('dropped together, capture and key log, name the range that was lost', async () => {
    const page = await open();
    await drop(page, [await fixture('loss-small.pcapng'), await fixture('loss-small.keylog')]);
    await page.getByRole('option', { name: /^loss-small\.pcapng, established, #1 .*, file$/ }).waitFor();
    expect(await page.locator('.drop-place').count()).toBe(0);
    expect(await verdict(page)).toContain("bytes 408–655 of the server's Certificate was lost");
    const client = page.getByRole('list', { name: 'What the client got' });
    expect(await client.getByRole('listitem').allTextContents()).toContain('finished: reached');
    // Recovered loss is told, and is not red.
    expect(await page.locator('.rung[data-state=stopped], .finding[data-tone=bad]').count()).toBe(0);
    await page.close();
  });

  it('exported with keys and dropped again give the same view', async () => {
    const page = await open();
    await drop(page, [await fixture('loss-small.pcapng'), await fixture('loss-small.keylog')]);
    await page.getByRole('option', { name: /loss-small/ }).waitFor();
    const before = [await verdict(page), await ladder(page)];
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: 'With keys…' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.textContent()).toContain('1 CLIENT_RANDOM');
    for (const kind of ['.sqlog with keys', '.qlog with keys', '.pcapng with keys']) {
      if ((await question.count()) === 0) {
        await page.getByRole('button', { name: 'Export' }).click();
        await page.getByRole('button', { name: 'With keys…' }).click();
      }
      const file = await downloaded(page, () => question.getByRole('button', { name: kind }).click());
      expect(file.name).toMatch(/^dtlscope-1-loss-small-with-keys\./);
      const again = await open();
      await drop(again, [file]);
      await again.getByRole('option', { name: /loss-small-with-keys/ }).waitFor();
      expect([await verdict(again), await ladder(again)], kind).toEqual(before);
      await again.close();
    }
    await page.close();
  });

  it('exported without keys still tell the story, and mark what is encrypted', async () => {
    const page = await open();
    await drop(page, [await fixture('loss-small.pcapng'), await fixture('loss-small.keylog')]);
    await page.getByRole('option', { name: /loss-small/ }).waitFor();
    const said = await verdict(page);
    await page.getByRole('button', { name: 'Export' }).click();
    const file = await downloaded(page, () => page.getByRole('button', { name: '.sqlog', exact: true }).click());
    const again = await open();
    await drop(again, [file]);
    await again.getByRole('option', { name: /loss-small/ }).waitFor();
    expect((await verdict(again))?.replace(', both Finished seen but encrypted', '')).toBe(said);
    // The rows are a window on the ladder; what is encrypted stands at its end.
    for (const [one, marked] of [
      [again, true],
      [page, false],
    ] as const) {
      await one.locator('[data-ladder]').focus();
      await one.keyboard.press('End');
      await one.locator('[data-ladder] [aria-selected=true]').waitFor();
      expect((await ladder(one)).some((row) => /encrypted/.test(row ?? ''))).toBe(marked);
    }
    await again.close();
    await page.close();
  });

  it('a browser’s dump, packed as it saves it, is joined to the capture of its call', async () => {
    const page = await open();
    const packed = { name: 'webrtc_internals_dump.gz', base64: gzipSync(dump({ wrong: true })).toString('base64') };
    await drop(page, [packed, await fixture('chromium_janus_srtp.pcapng')]);
    await page.getByRole('option', { name: /chromium_janus_srtp/ }).waitFor();
    expect(await page.locator('.notice').textContent()).toContain(
      'chromium_janus_srtp.pcapng is joined to the browser’s call 1-1 of https://example.org/room, by user fragment.',
    );
    // Signalling announced another certificate: only the dump knows that.
    expect(await verdict(page)).toContain("The client's certificate is not the one that signalling announced");
    await page.close();
  });

  it('that can’t be read say why, with the place, and leave the rest alone', async () => {
    const page = await open();
    const whole = await fixture('loss-small.pcapng');
    const bytes = Buffer.from(whole.base64, 'base64');
    const cut = { name: 'cut.pcapng', base64: bytes.subarray(0, bytes.length - 100).toString('base64') };
    await drop(page, [cut, { name: 'noise.bin', base64: Buffer.from('what is this').toString('base64') }]);
    await page.getByRole('option', { name: /cut\.pcapng/ }).waitFor();
    expect(await page.locator('.notice').textContent()).toContain('noise.bin can’t be read: at byte 0');
    const problems = page.getByRole('region', { name: 'What is wrong with the file' });
    expect(await problems.textContent()).toMatch(/at byte \d+/);
    expect(await page.locator('[data-ladder] [role=option]').count()).toBeGreaterThan(3);
    await page.close();
  });

  it('are opened by the button as well', async () => {
    const page = await open();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Open files…' }).press('Enter'),
    ]);
    await chooser.setFiles(`${captureDirectory}hole.pcapng`);
    await page.getByRole('option', { name: /hole\.pcapng, stalled/ }).waitFor();
    await page.close();
  });
});

describe('with the keyboard alone', () => {
  it('a preset fills the form, says what it changed, and the command line is copied', async () => {
    const page = await open();
    await page.evaluate(() => {
      const copied: string[] = [];
      Object.assign(globalThis, { copied });
      Object.defineProperty(navigator, 'clipboard', {
        value: { writeText: async (text: string) => void copied.push(text) },
      });
    });
    const tabTo = async (name: string): Promise<void> => {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const { activeElement: element } = document;
          const label = element instanceof HTMLSelectElement ? element.labels?.[0]?.textContent : undefined;
          return label ?? element?.getAttribute('aria-label') ?? element?.textContent ?? '';
        });
        if (at === name) return;
      }
      throw new Error(`no way to ${name} with Tab`);
    };
    await page.locator('body').press('Tab');
    await tabTo('Preset');
    await page.keyboard.type('RSA-4096');
    await tabTo('Fill in');
    await page.keyboard.press('Enter');
    const told = page.getByRole('region', { name: 'Presets' }).getByRole('status');
    expect(await told.textContent()).toContain('--mtu 300 (was 1200)');
    await tabTo('Copy the command line');
    await page.keyboard.press('Enter');
    await page.getByText('copied', { exact: true }).waitFor();
    const line = 'npx dtlscope probe sim --cert-gen rsa-4096 --mtu 300';
    expect(await page.evaluate(() => (globalThis as unknown as { copied: string[] }).copied)).toEqual([line]);
    expect(await page.locator('.command-line .copy-line code').textContent()).toBe(line);
    await page.close();
  });

  it('walks runs and handshakes, and the tabs of the views', async () => {
    const page = await open();
    await drop(page, [await fixture('good_mutual_srtp.pcapng')]);
    await page.getByRole('option', { name: /good_mutual_srtp/ }).waitFor();
    await page.getByRole('tab', { name: 'Ladder' }).focus();
    for (const name of ['Packing', 'Table', 'Parameters']) {
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { name }).getAttribute('aria-selected')).toBe('true');
    }
    const offers = page.getByRole('table', { name: 'Offer and accept' });
    expect(await offers.textContent()).toContain('SRTP_AES128_CM_HMAC_SHA1_80 0x0001 chosen');
    await page.keyboard.press('ArrowRight');
    const leaf = page.getByRole('article', { name: 'Leaf of the server' });
    expect(await leaf.textContent()).toMatch(/sha-256 [0-9A-F]{2}:/);
    expect(await leaf.getByRole('button', { name: 'Copy as PEM' }).count()).toBe(1);
    await page.close();
  });
});

describe('parameters, certificates, form and strip', () => {
  it.each([
    ['parameters', 'capture=good_mutual_srtp', 'Parameters'],
    ['certificates', 'capture=bigchain_mtu300', 'Certificates'],
    ['hole', 'capture=hole', 'Ladder'],
    ['preset', 'helper=exited', undefined],
  ])('fit and can be read at every width in both themes: %s', async (name, scene, tab) => {
    const page = await open(scene);
    if (tab !== undefined) await page.getByRole('tab', { name: tab }).click();
    else {
      await page.getByRole('combobox', { name: 'Preset' }).selectOption('browser-2016');
      await page.getByRole('button', { name: 'Fill in' }).click();
    }
    for (const width of widths)
      for (const theme of themes) {
        await page.setViewportSize({ width, height: width < 600 ? 900 : 720 });
        await page.emulateMedia({ colorScheme: theme });
        const at = `${name}-${width}-${theme}`;
        await painted(page);
        expect(await overflowing(page), at).toEqual([]);
        expect(await faintTexts(page), at).toEqual([]);
      }
    await page.close();
  });
});
