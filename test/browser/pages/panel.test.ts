import type { Locator } from 'playwright';
import { describe, expect, it } from 'vitest';
import { panelOpener } from '../../support/panelOpener.ts';
import { faintTexts, overflowing, painted, scenes, themes, widths } from '../../support/panelShots.ts';

const open = panelOpener();

describe('the panel', () => {
  it.each(Object.keys(scenes))('fits and can be read at every width in both themes: %s', async (scene) => {
    const page = await open(scene);
    for (const width of widths)
      for (const theme of themes) {
        await page.setViewportSize({ width, height: width < 600 ? 900 : 720 });
        await page.emulateMedia({ colorScheme: theme });
        const at = `${scene}-${width}-${theme}`;
        await painted(page);
        expect(await overflowing(page), at).toEqual([]);
        expect(await faintTexts(page), at).toEqual([]);
      }
    await page.close();
  });

  it('is looked at by checks that do see what is faint or sticks out', async () => {
    const page = await open('recovered', 320);
    await page.addStyleTag({
      content: '.dim, .ladder .time { color: #aaa; fill: #aaa } .toolbar { min-width: 400px }',
    });
    const faint = (await faintTexts(page)).map(({ text }) => text);
    expect(faint.some((text) => text.startsWith('last heard'))).toBe(true);
    expect(faint).toContain('0.0 ms');
    expect(await overflowing(page)).toContain('header.bar toolbar');
    await page.close();
  });

  it('is walked with the keyboard alone: datagrams, records, details, back', async () => {
    const page = await open('recovered');
    const ladder = page.locator('[data-ladder]');
    const chosen = (): Promise<string | null> => page.locator('[data-ladder] [aria-selected=true]').getAttribute('id');
    await ladder.focus();
    await page.keyboard.press('ArrowDown');
    expect(await chosen()).toBe('datagram-1');
    expect(await ladder.getAttribute('aria-activedescendant')).toBe('datagram-1');
    await page.keyboard.press('End');
    expect(await chosen()).toBe('datagram-13');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.chip[data-selected=true]').getAttribute('data-record')).toBe('0');
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary', { name: 'Details' });
    expect(await details.getByRole('heading', { level: 2 }).textContent()).toBe('Record 12.1');
    await page.keyboard.press('Escape');
    expect(await details.count()).toBe(0);
    expect(await chosen()).toBe('datagram-12');
    await page.keyboard.press('Escape');
    expect(await page.locator('[data-ladder] [aria-selected=true]').count()).toBe(0);
    await page.close();
  });

  it('walks the run list with arrow keys, newest first, and the verdict follows', async () => {
    const page = await open('silent');
    const list = page.getByRole('listbox', { name: 'Runs' });
    expect(await list.getByRole('option').count()).toBe(2);
    await list.getByRole('option').first().focus();
    expect(await page.locator('.verdict').textContent()).toContain('Nothing ever answered');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.verdict').textContent()).toContain('The handshake succeeded');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-selected'))).toBe('true');
    await page.close();
  });

  it('has what is selected in sight in a long list, and scrolls nothing but the list for it', async () => {
    for (const width of [320, 1600]) {
      const page = await open('silent', width);
      const shown = (): Promise<boolean> =>
        page.locator('.side-body').evaluate((frame) => {
          const [outer, row] = [frame, frame.querySelector('[aria-selected=true]')].map((one) =>
            one?.getBoundingClientRect(),
          );
          return outer !== undefined && row !== undefined && row.top > outer.top - 1 && row.bottom < outer.bottom + 1;
        });
      await page.evaluate(() => {
        const { client } = globalThis as unknown as { client: { addRun(id: string, request: object): void } };
        for (let number = 0; number < 60; number += 1)
          client.addRun(`more-${number}`, { target: '127.0.0.1:4444', options: {} });
      });
      await page.getByRole('tab', { name: 'Runs (62)' }).click();
      const top = await page.locator('.centre').boundingBox();
      for (const run of ['recovered', 'more-59', 'more-20']) {
        await page.evaluate((id) => {
          const { panel } = globalThis as unknown as { panel: { actions: { selectRun(id: string): void } } };
          panel.actions.selectRun(id);
        }, run);
        await painted(page);
        expect(await shown(), `${run} at ${width} px`).toBe(true);
      }
      expect((await page.locator('.centre').boundingBox())?.y).toBe(top?.y);
      await page.close();
    }
  });

  it('shows the details of a clicked arrow, and of a clicked record', async () => {
    const page = await open('recovered');
    await page.locator('#datagram-4 .time').click();
    const details = page.getByRole('complementary', { name: 'Details' });
    expect(await details.getByRole('heading', { level: 2 }).textContent()).toBe('Datagram 4');
    await page.locator('#datagram-5 .chip').click();
    expect(await details.locator('.record[data-selected=true] h3').textContent()).toContain(
      'certificate 150–425 of 700',
    );
    await page.close();
  });

  it('lights the datagrams that a finding is about, and goes to the one that is clicked', async () => {
    const page = await open('recovered');
    await page.locator('summary', { hasText: 'A fragment of certificate was lost' }).click();
    await page.getByRole('button', { name: 'Show datagram 5' }).click();
    expect(await page.locator('.datagram[data-lit=true]').getAttribute('data-packet')).toBe('5');
    expect(await page.locator('#datagram-5').getAttribute('aria-selected')).toBe('true');
    await page.locator('summary', { hasText: 'Retransmission is normal' }).click();
    await page.getByRole('button', { name: 'Show datagram 11' }).click();
    expect(await page.locator('.datagram[data-lit=true]').count()).toBe(4);
    expect(await page.locator('#datagram-11').isVisible()).toBe(true);
    await page.close();
  });

  it('draws a window of a hundred thousand datagrams, and the end of them at a key', async () => {
    const page = await open('runs=long');
    const rows = page.locator('[data-ladder] [role=option]');
    expect(await rows.count()).toBeLessThan(120);
    await page.locator('[data-ladder]').focus();
    await page.keyboard.press('End');
    await page.locator('#datagram-100000').waitFor({ state: 'visible' });
    expect(await rows.count()).toBeLessThan(120);
    expect(await page.locator('#datagram-100000').getAttribute('aria-posinset')).toBe('100000');
    await page.close();
  });

  it('has the same datagrams as a table', async () => {
    const page = await open('recovered');
    await page.getByRole('tab', { name: 'Table' }).click();
    const table = page.getByRole('table', { name: 'Datagrams' });
    expect(await table.getAttribute('aria-rowcount')).toBe('14');
    expect(await table.getByRole('row').nth(5).textContent()).toContain('lost: loss 10%');
    await page.close();
  });

  it('starts a run from the target field, shows it, and stops it', async () => {
    const page = await open('');
    await page.getByLabel('Target').fill('127.0.0.1:4433');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /127\.0\.0\.1:4433, running/ }).waitFor();
    expect(await page.locator('.verdict').textContent()).toContain('Waiting for the first datagram');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Stop' }).and(page.locator(':disabled')).waitFor();
    await page.close();
  });

  it('says beside the field what is wrong, and runs nothing', async () => {
    const page = await open('');
    await page.getByLabel('Target').fill('127.0.0.1');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    expect(await page.getByRole('alert').textContent()).toContain('has no port');
    expect(await page.getByLabel('Target').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByRole('tab', { name: 'Runs' }).count()).toBe(1);
    await page.close();
  });

  it('writes files at a click, and asks before it writes keys', async () => {
    const page = await open('recovered');
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '.sqlog', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('dtlscope-3-127.0.0.1-4444.sqlog');
    expect(await page.getByRole('button', { name: 'With keys…' }).count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Export');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'With keys…' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.textContent()).toContain('Whoever has it can read everything');
    const [keyed] = await Promise.all([
      page.waitForEvent('download'),
      question.getByRole('button', { name: '.pcapng with keys' }).click(),
    ]);
    expect(keyed.suggestedFilename()).toBe('dtlscope-3-127.0.0.1-4444-with-keys.pcapng');
    await page.close();
  });

  it.each([320, 900, 1600])(
    'gives the details another size by drag and by keys, within limits: %i px',
    async (width) => {
      const page = await open('details', width);
      const splitter = page.locator('.details > [role=separator]');
      const now = async (): Promise<number> => Number(await splitter.getAttribute('aria-valuenow'));
      const box = async () => (await page.locator('.details').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
      const upright = (await splitter.getAttribute('aria-orientation')) === 'vertical';
      expect(upright).toBe(width > 1100);
      const [first, before] = [await now(), await box()];
      await splitter.focus();
      await page.keyboard.press(upright ? 'ArrowLeft' : 'ArrowUp');
      expect(await now()).toBe(first + 2);
      const grown = await box();
      expect(upright ? grown.width : grown.height).toBeGreaterThan(upright ? before.width : before.height);
      await page.keyboard.press('Home');
      expect(await now()).toBe(Number(await splitter.getAttribute('aria-valuemin')));
      await page.keyboard.press('End');
      expect(await now()).toBe(Number(await splitter.getAttribute('aria-valuemax')));
      expect(await overflowing(page)).toEqual([]);
      const handle = (await splitter.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
      const [x, y] = [handle.x + handle.width / 2, handle.y + handle.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(upright ? x + 200 : x, upright ? y : y + 100, { steps: 4 });
      await page.mouse.up();
      expect(await now()).toBeLessThan(Number(await splitter.getAttribute('aria-valuemax')));
      await splitter.dblclick();
      expect(await now()).toBe(first);
      await page.close();
    },
  );

  it('gives bytes more room in the packing by buttons and keys, and keeps what is selected in view', async () => {
    const page = await open('capture-bigchain', 900);
    await page.getByRole('tab', { name: 'Packing' }).click();
    const packing = page.locator('.packing');
    const wide = (): Promise<number> => packing.evaluate((element) => element.scrollWidth - element.clientWidth);
    expect(await wide()).toBe(0);
    await page.getByRole('group', { name: 'Zoom of bytes' }).getByRole('button', { name: 'Zoom in' }).click();
    await packing.focus();
    await page.keyboard.press('+');
    await page.getByRole('button', { name: '4×, back to 1×' }).waitFor();
    expect(await wide()).toBeGreaterThan(1000);
    await page.locator('.packing [data-packet="4"] .strip[data-level=fragment]').nth(1).click();
    for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    const strip = (await page.locator('.strip[data-selected=true] > rect').first().boundingBox()) ?? { x: -1 };
    const frame = (await packing.boundingBox()) ?? { x: 0, width: 0 };
    expect(strip.x).toBeLessThan(frame.x + frame.width);
    await packing.focus();
    await page.keyboard.press('0');
    expect(await wide()).toBe(0);
    expect(await overflowing(page)).toEqual([]);
    await page.close();
  });

  it('switches filters by chips, says what is left, and shows all again', async () => {
    const page = await open('capture-bigchain');
    const box = page.getByRole('searchbox', { name: 'Filter datagrams' });
    await page.getByRole('button', { name: 'certificate 16' }).click();
    expect(await box.inputValue()).toBe('type:certificate');
    await page.getByRole('listbox', { name: 'Ladder of 16 datagrams' }).waitFor();
    await page.getByRole('button', { name: 'from client 5' }).click();
    expect(await page.getByRole('button', { name: 'from client 5' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByText('No datagram is left by type:certificate side:client').waitFor();
    await page.getByRole('button', { name: 'certificate 16' }).click();
    expect(await box.inputValue()).toBe('side:client');
    await box.fill('side:client size:>100');
    await page.getByRole('button', { name: 'size:>100' }).click();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    expect(await box.inputValue()).toBe('');
    await page.getByRole('listbox', { name: 'Ladder of 25 datagrams' }).waitFor();
    await page.close();
  });

  it('deletes and brings back, by button and keys, and leaves the focus where work goes on', async () => {
    const page = await open('recovered');
    const items = page.locator('.run-item');
    await items.first().focus();
    await page.keyboard.press('Delete');
    const notice = page.getByRole('status').filter({ hasText: 'Run 3 (127.0.0.1:4444) was deleted.' });
    await notice.waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('.run-item[aria-selected=true]'));
    expect(await items.count()).toBe(2);
    await notice.getByRole('button', { name: 'Undo' }).click();
    expect(await items.count()).toBe(3);
    await page.getByText('Run 3 (127.0.0.1:4444) is back.').waitFor();
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByText('3 runs were deleted.').waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === 'Undo');
    await page.keyboard.press('Enter');
    await page.getByText('3 runs are back.').waitFor();
    expect(await page.locator('.verdict').textContent()).toContain('The handshake succeeded');
    await page.close();
  });

  it('keeps text of a peer from turning the text around it, and never takes it for markup', async () => {
    const page = await open('runs=hostile');
    const verdict = page.locator('.verdict bdi');
    expect(await verdict.textContent()).toContain('<img src=x onerror=alert(1)>\u202e');
    expect(await page.locator('.verdict img').count()).toBe(0);
    await page.close();
  });

  it.each(['not-installed', 'forbidden', 'exited', 'version-mismatch'])(
    'tells a helper that is %s from the others, with the command that mends it',
    async (helper) => {
      const page = await open(`helper=${helper}`);
      const box = page.getByRole('region', { name: 'Helper' });
      expect(await box.locator('code').textContent()).toMatch(/^npx dtlscope helper (install|doctor)$/);
      expect(await page.locator('.helper-badge').textContent()).toContain(
        helper === 'version-mismatch' ? 'other version' : helper.replace('-', ' '),
      );
      await page.close();
    },
  );

  it('keeps its toolbar, its menu and its details in reach in a low dock', async () => {
    const page = await open('details', 1400);
    await page.setViewportSize({ width: 1400, height: 280 });
    const inWindow = async (what: Locator): Promise<boolean> => {
      await what.scrollIntoViewIfNeeded();
      const box = await what.boundingBox();
      return box !== null && box.y >= 0 && box.y + box.height <= 280;
    };
    expect(await inWindow(page.getByRole('button', { name: /^Copy 300 bytes/ }))).toBe(true);
    await page.locator('.ladder').focus();
    await page.keyboard.press('End');
    await painted(page);
    expect(await page.locator('.toolbar').boundingBox()).toMatchObject({ y: 0 });
    await page.getByRole('button', { name: 'Export' }).click();
    for (const button of await page.locator('.menu button').all()) expect(await inWindow(button)).toBe(true);
    expect(await page.locator('.toolbar').boundingBox()).toMatchObject({ y: 0 });
    await page.close();
  });

  it('moves nothing when a run begins or a target is wrong: what was aimed at stays', async () => {
    for (const width of [320, 480, 560, 900]) {
      const page = await open('recovered', width);
      const tops = (): Promise<(number | undefined)[]> =>
        Promise.all(
          [page.getByRole('button', { name: 'Open files…' }).first(), page.locator('.panes')].map(async (one) =>
            one.boundingBox().then((box) => box?.y),
          ),
        );
      const before = await tops();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByRole('button', { name: 'Stop' }).and(page.locator(':enabled')).waitFor();
      expect(await page.getByRole('status').filter({ hasText: 'is under way' }).count()).toBe(1);
      expect(await tops(), `${width} px`).toEqual(before);
      if (width === 900) {
        await page.getByLabel('Target').fill('127.0.0.1');
        await page.getByRole('button', { name: 'Run', exact: true }).click();
        await page.getByRole('alert').waitFor();
        expect((await tops())[0]).toBe(before[0]);
      }
      await page.close();
    }
  });

  it('cuts no address above the ladder while there is room, and has its tabs in one line', async () => {
    for (const width of [480, 720, 900]) {
      const page = await open('recovered', width);
      const titles = await page
        .locator('.lane-title')
        .evaluateAll((all) => all.map((one) => one.scrollWidth <= one.clientWidth));
      expect(titles, `${width} px`).toEqual([true, true]);
      const tabs = await page
        .locator('.view-tabs button')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
      expect(new Set(tabs).size, `${width} px`).toBe(1);
      await page.close();
    }
  });

  it('has the list of connections before the connection in a narrow dock, where nothing has run either', async () => {
    const page = await open('page', 320);
    const top = async (what: string): Promise<number> => (await page.locator(what).boundingBox())?.y ?? Number.NaN;
    expect(await top('.side')).toBeLessThan(await top('.centre'));
    await page.getByRole('tab', { name: 'Runs' }).click();
    await painted(page);
    expect(await top('.centre')).toBeLessThan(await top('.side'));
    await page.close();
  });

  it('keeps its colours apart when the system forces its own', async () => {
    const page = await open('harmed');
    await page.emulateMedia({ forcedColors: 'active' });
    const lane = await page
      .locator('.lane')
      .first()
      .evaluate((line) => getComputedStyle(line).stroke);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(lane).not.toBe(ground);
    // What can't be pressed is grey, and a bar stands only beside what it marks.
    const colours = (what: Locator): Promise<string[]> =>
      what.evaluate((element) => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.color = 'GrayText';
        const grey = getComputedStyle(probe).color;
        probe.remove();
        return [getComputedStyle(element).color, grey];
      });
    const [shown, grey] = await colours(page.getByRole('button', { name: 'Stop' }));
    expect(shown).toBe(grey);
    const check = await open('check');
    await check.emulateMedia({ forcedColors: 'active' });
    const bar = (row: string): Promise<string> =>
      check
        .locator(`.check-table tr${row} td:first-child`)
        .first()
        .evaluate((cell) => getComputedStyle(cell).borderLeftColor);
    expect(await bar('[data-tone="bad"]')).not.toBe(ground);
    expect(await bar('[data-tone="good"]')).toBe(ground);
    await check.close();
    await page.close();
  });
});
