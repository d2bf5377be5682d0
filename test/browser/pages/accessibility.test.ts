/** The rules of WCAG 2, A and AA, that a machine can judge, on every face of the panel in both themes. */
import axe from 'axe-core';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { panelOpener } from '../../support/panelOpener.ts';
import { scenes, themes } from '../../support/panelShots.ts';
import { facesOf } from '../../support/panelViews.ts';

const openPanel = panelOpener(900);

async function open(scene: string, width = 1600): Promise<Page> {
  const page = await openPanel(scene, width);
  await page.addScriptTag({ content: axe.source });
  return page;
}

const levels = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Everything, everything but colours, or nothing but colours: these are most of the time that judging takes. */
type Judged = 'all' | 'uncoloured' | 'colours';

/** "rule: selector" of everything that breaks a rule. */
const violations = (page: Page, judged: Judged = 'all'): Promise<string[]> =>
  page.evaluate(
    async ({ levels, judged }) => {
      const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
      const found = await axe.run(document, {
        runOnly: judged === 'colours' ? { type: 'rule', values: ['color-contrast'] } : { type: 'tag', values: levels },
        rules: judged === 'uncoloured' ? { 'color-contrast': { enabled: false } } : {},
        resultTypes: ['violations'],
        preload: false,
      });
      return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
    },
    { levels, judged },
  );

/**
 * What the rules judge by: each element's classes, roles and states, and whether it has a text, with those of all that it
 * stands in. Where every one of these was judged before, in the same theme, so were its colours and its names; what hangs on
 * the whole page, as ids do, is judged anew with the first face of each scene.
 */
const colourings = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const own = (element: Element): string =>
      [...element.attributes]
        .filter(({ name }) => name === 'class' || name === 'role' || name === 'fill' || /^(aria|data)-/.test(name))
        .map(({ name, value }) => `${name}=${/^[a-z -]{1,40}$/.test(value) ? value : ''}`)
        .join(' ');
    const named = (element: Element): string => (element.textContent?.trim() ? ' named' : '');
    const found = new Set<string>();
    const walk = (element: Element, around: string): void => {
      const chain = `${around}>${element.tagName} ${own(element)}${named(element)}`;
      found.add(chain);
      for (const child of element.children) walk(child, chain);
    };
    walk(document.body, '');
    return [...found];
  });

/** What was judged in both themes, from scene to scene. */
const coloured = new Set<string>();

describe('everybody can use', () => {
  it.each([...Object.keys(scenes), 'helper=forbidden', 'helper=exited'])('every face of %s', async (scene) => {
    const page = await open(scene);
    const broken: Record<string, string[]> = {};
    for (const [index, { name, show }] of (await facesOf(page)).entries()) {
      await show();
      const fresh = (await colourings(page)).filter((one) => !coloured.has(one));
      for (const one of fresh) coloured.add(one);
      if (fresh.length === 0 && index > 0) continue;
      // Another theme changes colours, and nothing else.
      for (const theme of fresh.length > 0 ? themes : (['light'] as const)) {
        await page.emulateMedia({ colorScheme: theme });
        const found = await violations(page, theme === 'dark' ? 'colours' : fresh.length > 0 ? 'all' : 'uncoloured');
        if (found.length > 0) broken[`${name} ${theme}`] = found;
      }
    }
    expect(broken).toEqual({});
    await page.close();
  });

  it('a narrow dock, with its details as a drawer', async () => {
    const page = await open('recovered', 320);
    for (const { name, show } of await facesOf(page)) {
      await show();
      expect(await violations(page), name).toEqual([]);
    }
    await page.close();
  });

  it('the question before keys are written', async () => {
    const page = await open('recovered');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: 'With keys…' }).click();
    await page.getByRole('alertdialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  it('which is judged by rules that do see a nameless button, a name that is not what is seen, a faint text and a wrong role', async () => {
    const page = await open('recovered');
    await page.locator('main').evaluate((main) => {
      main.insertAdjacentHTML(
        'afterbegin',
        '<button id="nameless"></button><p id="faint" style="color: #bbb; background: #fff">faint</p>' +
          '<div id="lonely" role="option">no list around it</div>' +
          '<button id="unsaid" aria-label="Something else">What is seen</button>',
      );
    });
    const found = await violations(page);
    expect(found).toContain('button-name: #nameless');
    expect(found).toContain('color-contrast: #faint');
    expect(found).toContain('label-content-name-mismatch: #unsaid');
    expect(found.some((one) => one.endsWith('#lonely'))).toBe(true);
    await page.close();
  });

  it('and finds the tabs by itself', async () => {
    const page = await open('recovered');
    const names = (await facesOf(page)).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['side-runs', 'side-options', 'ladder', 'table', 'details']));
    await page.close();
  });
});
