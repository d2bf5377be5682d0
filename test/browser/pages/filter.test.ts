import { describe, expect, it } from 'vitest';
import { panelOpener } from '../../support/panelOpener.ts';
import { faintTexts, overflowing } from '../../support/panelShots.ts';

const open = panelOpener(900);

describe('the filter above the ladder', () => {
  it.each([320, 1600])(
    'shrinks every view, and a word that means nothing says why and changes nothing: %i px',
    async (width) => {
      const page = await open('recovered', width);
      const box = page.getByRole('searchbox', { name: 'Filter datagrams' });
      const bar = page.locator('.filter');
      await page.getByRole('listbox', { name: 'Ladder of 13 datagrams' }).waitFor();

      await box.fill('type:certificate -dup:yes');
      await page.getByRole('listbox', { name: 'Ladder of 4 datagrams' }).waitFor();
      expect(await bar.textContent()).toBe('4 of 13 datagrams');

      await box.fill('type:certificate -dup:maybe');
      await bar.getByText('“-dup:maybe”: dup is yes or no').waitFor();
      expect(await box.getAttribute('aria-invalid')).toBe('true');
      expect(await page.locator('[data-ladder]').getAttribute('aria-label')).toBe('Ladder of 4 datagrams');
      expect(await overflowing(page)).toEqual([]);
      expect(await faintTexts(page)).toEqual([]);

      await box.fill('lost:yes');
      await page.getByRole('tab', { name: 'Table' }).click();
      expect(await page.getByRole('table', { name: 'Datagrams' }).getAttribute('aria-rowcount')).toBe('2');
      await page.getByRole('tab', { name: 'Certificates' }).click();
      expect(await box.count()).toBe(0);
      await page.getByRole('tab', { name: 'Ladder' }).click();
      expect(await box.inputValue()).toBe('lost:yes');
      await page.close();
    },
  );
});
