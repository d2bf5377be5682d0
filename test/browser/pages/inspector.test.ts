import type { Locator, Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { panelOpener } from '../../support/panelOpener.ts';
import { faintTexts, overflowing, painted, themes, widths } from '../../support/panelShots.ts';

const openPanel = panelOpener(800);

const open = async (capture: string, width = 1600): Promise<Page> => {
  const page = await openPanel(`capture=${capture}`, width);
  page.setDefaultTimeout(10_000);
  return page;
};
const details = (page: Page): Locator => page.getByRole('complementary', { name: 'Details' });
const title = (page: Page): Promise<string | null> => details(page).getByRole('heading', { level: 2 }).textContent();
const selectedField = (page: Page): Promise<string | null> =>
  page.locator('[role=treeitem][aria-selected=true]').getAttribute('aria-label');
/** Offsets of the bytes on screen that are lit as the selected ones. */
const litBytes = (page: Page): Promise<number[]> =>
  page
    .locator('.hex-byte[data-lit=own], .hex-byte[data-lit=same]')
    .evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-at'))));
const linkedDatagrams = (page: Page): Promise<(string | null)[]> =>
  page.locator('.datagram[data-linked]').evaluateAll((all) => all.map((one) => one.getAttribute('data-packet')));

describe('the inspector', () => {
  it('lights a field that a fragment border cuts in both of its datagrams, and keeps it from view to view', async () => {
    const page = await open('bigchain_mtu300');
    await page.locator('#datagram-5 .chip').click();
    expect(await title(page)).toBe('certificate 161–408 of 3746');
    expect(await selectedField(page)).toContain('certificate [161, 408) of 3746');
    await details(page)
      .getByRole('tab', { name: /Certificate, reassembled/ })
      .click();

    await page
      .getByRole('treeitem', { name: /^RelativeDistinguishedName\[3\], CN=Big Intermediate CA G2/ })
      .first()
      .click();
    expect(await selectedField(page)).toMatch(/^RelativeDistinguishedName\[3\].*bytes 145 to 177/);
    expect(await litBytes(page)).toEqual(Array.from({ length: 33 }, (_, i) => 145 + i));
    expect(await linkedDatagrams(page)).toEqual(['4', '5']);
    expect(await details(page).locator('.origins').textContent()).toBe('In datagrams 4 and 5');

    await page.getByRole('tab', { name: 'Packing' }).click();
    const blocks = page.locator('.packing [data-packet]', { has: page.locator('.pack-lit') });
    expect(await blocks.evaluateAll((all) => all.map((one) => one.getAttribute('data-packet')))).toEqual(['4', '5']);
    expect(await selectedField(page)).toContain('RelativeDistinguishedName[3]');
    expect(await page.locator('.strip[data-selected=true]').count()).toBe(1);
    await page.getByRole('tab', { name: 'Ladder' }).click();
    expect(await linkedDatagrams(page)).toEqual(['4', '5']);

    await details(page).getByRole('button', { name: 'Datagram 4', exact: true }).last().click();
    expect(await title(page)).toBe('Datagram 4');
    const inFour = await litBytes(page);
    expect(inFour).toHaveLength(16);
    expect(inFour.at(-1)).toBe(271);
    expect(await linkedDatagrams(page)).toEqual(['4', '5']);
    await page.close();
  });

  it('selects the field of a clicked byte, and the bytes of a drag', async () => {
    const page = await open('bigchain_mtu300');
    await page.locator('#datagram-1 .chip').click();
    await page.locator('.hex-byte[data-at="0"]').click();
    expect(await selectedField(page)).toMatch(/^type, handshake/);
    expect(await litBytes(page)).toEqual([0]);
    expect(await page.locator('#field-help').textContent()).toMatch(/type.*RFC 5246 §6\.2\.1.*byte 0/);
    await page.locator('.hex-byte[data-at="3"]').hover();
    await page.mouse.down();
    await page.locator('.hex-byte[data-at="12"]').hover();
    await page.mouse.up();
    expect(await litBytes(page)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(await details(page).getByRole('button', { name: 'Copy 10 bytes' }).count()).toBe(1);
    await page.close();
  });

  it('is walked with the keyboard alone: ladder, record, tabs, tree, bytes, packing, back', async () => {
    const page = await open('bigchain_mtu300');
    const focusOn = async (wanted: string): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        if (await page.evaluate((selector) => document.activeElement?.matches(selector), wanted)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`no Tab leads to ${wanted}`);
    };
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await focusOn('[data-ladder]');
    await press(...Array(5).fill('ArrowDown'), 'ArrowRight', 'Enter');
    expect(await title(page)).toBe('certificate 161–408 of 3746');
    await focusOn('[role=tab][id^=buffer-]');
    await press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Certificate, reassembled');
    await focusOn('[role=tree]');
    await press('Home', 'ArrowLeft');
    expect(await page.getByRole('treeitem').count()).toBe(1);
    await press('ArrowRight', 'End');
    expect(await selectedField(page)).toBeTruthy();
    await press('Home', 'ArrowRight');
    expect(await page.getByRole('tree').getAttribute('aria-activedescendant')).toBe('field-1');
    const before = await selectedField(page);
    await focusOn('[role=grid]');
    await press('Control+Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight');
    expect(await page.getByRole('grid').getAttribute('aria-activedescendant')).toBe('byte-4');
    expect(await selectedField(page)).not.toBe(before);
    await press('Shift+ArrowRight', 'Shift+ArrowRight');
    expect(await litBytes(page)).toEqual([4, 5, 6]);
    await press('Escape');
    expect(await details(page).count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-rows'))).toBe(true);
    await page.keyboard.press('Shift+Tab');
    for (let i = 0; i < 20; i++) {
      if (await page.evaluate(() => document.activeElement?.id === 'view-ladder')) break;
      await page.keyboard.press('Shift+Tab');
    }
    await press('ArrowRight');
    await focusOn('.packing');
    await press('Home');
    expect(await page.locator('.packing [aria-selected=true]').getAttribute('aria-label')).toContain('client_hello');
    await press('ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter');
    expect(await title(page)).toBe('client_hello');
    await page.close();
  });

  it('leads from a retransmission to its first sending', async () => {
    const page = await open('lossy_retransmit');
    const resent = page.locator('.datagram[data-resent=true] .remark[data-first]').first();
    const first = await resent.getAttribute('data-first');
    expect(await resent.textContent()).toContain(`first sent as datagram`);
    await resent.click();
    expect(await title(page)).toBe(`Datagram ${first}`);
    await page.close();
  });

  it('copies bytes in the form that is chosen', async () => {
    const page = await open('bigchain_mtu300');
    await page.evaluate(() => {
      // As in a panel inside DevTools, which has no permission for it.
      Object.defineProperty(navigator, 'clipboard', {
        value: { writeText: () => Promise.reject(new DOMException('not allowed', 'NotAllowedError')) },
      });
      document.addEventListener('copy', () => {
        const { activeElement } = document;
        if (activeElement instanceof HTMLTextAreaElement) document.body.dataset['copied'] = activeElement.value;
      });
    });
    const copied = (): Promise<string | undefined> => page.evaluate(() => document.body.dataset['copied']);
    await page.locator('#datagram-1 .chip').click();
    await page.locator('.hex-byte[data-at="1"]').click();
    await page.getByLabel('Copy as').selectOption('C array');
    await page.getByRole('button', { name: 'Copy 2 bytes' }).click();
    await details(page).getByText('copied 2 bytes').waitFor();
    expect(await copied()).toBe('static const unsigned char version[2] = {\n  0xfe, 0xff\n};\n');
    await page.getByLabel('Copy as').selectOption('JSON');
    await page.getByRole('button', { name: 'Copy version' }).click();
    await details(page).getByText('copied version').waitFor();
    expect(JSON.parse((await copied()) ?? '')).toMatchObject({ name: 'version', start: 1, end: 3, bytes: 'feff' });
    await page.close();
  });

  it.each(['ladder', 'packing'])('fits and can be read at every width in both themes: %s', async (view) => {
    const page = await open('bigchain_mtu300');
    await page.locator('#datagram-5 .chip').click();
    await details(page)
      .getByRole('tab', { name: /Certificate, reassembled/ })
      .click();
    await page
      .getByRole('treeitem', { name: /^RelativeDistinguishedName\[3\], CN=Big Intermediate CA G2/ })
      .first()
      .click();
    await page.locator(`#view-${view}`).click();
    for (const width of widths)
      for (const theme of themes) {
        await page.setViewportSize({ width, height: width < 600 ? 900 : 720 });
        await page.emulateMedia({ colorScheme: theme });
        const at = `inspector-${view}-${width}-${theme}`;
        await painted(page);
        expect(await overflowing(page), at).toEqual([]);
        expect(await faintTexts(page), at).toEqual([]);
      }
    await page.emulateMedia({ forcedColors: 'active' });
    await page.screenshot({ path: `out/panel/inspector-${view}-forced-colors.png` });
    await page.close();
  });
});
