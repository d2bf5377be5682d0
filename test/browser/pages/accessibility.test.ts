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

/** "rule: selector" of everything that breaks a rule: on the whole page, or in what is marked `fresh`. */
const violations = (page: Page, judged: Judged = 'all', where: 'page' | 'fresh' = 'page'): Promise<string[]> =>
  page.evaluate(
    async ({ levels, judged, where }) => {
      const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
      const found = await axe.run(where === 'page' ? document : { include: [['[data-fresh]']] }, {
        runOnly: judged === 'colours' ? { type: 'rule', values: ['color-contrast'] } : { type: 'tag', values: levels },
        rules: judged === 'uncoloured' ? { 'color-contrast': { enabled: false } } : {},
        resultTypes: ['violations'],
        preload: false,
      });
      return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
    },
    { levels, judged, where },
  );

/** What was judged in both themes, from scene to scene. */
const known = new Set<string>();

/**
 * Marks what is to be judged, and says whether that is anything. Rules judge an element by its classes, roles and states, and
 * by whether it has a text, with those of all that it stands in: where every one of these was judged before, in both themes, so
 * were its colours and its names. What is fresh is judged with all that it is an item of: the next element around it that has
 * a role of its own. What hangs on the whole page, as ids do, is judged anew with the first face of each scene.
 */
async function markFresh(page: Page): Promise<boolean> {
  const fresh = await page.evaluate(
    ({ known }) => {
      const judged = new Set(known);
      const own = (element: Element): string =>
        [...element.attributes]
          .filter(({ name }) => name === 'class' || name === 'role' || name === 'fill' || /^(aria|data)-/.test(name))
          .map(({ name, value }) => `${name}=${/^[a-z -]{1,40}$/.test(value) ? value : ''}`)
          .join(' ');
      const named = (element: Element): string => (element.textContent?.trim() ? ' named' : '');
      for (const element of document.querySelectorAll('[data-fresh]')) element.removeAttribute('data-fresh');
      const found = new Set<string>();
      const roots = new Set<Element>();
      const walk = (element: Element, around: string, inside: boolean): void => {
        const chain = `${around}>${element.tagName} ${own(element)}${named(element)}`;
        const fresh = !judged.has(chain);
        if (fresh) found.add(chain);
        if (fresh && !inside)
          roots.add(element.parentElement?.closest('[role], body, main, table, ul, ol, dl') ?? element);
        for (const child of element.children) walk(child, chain, inside || fresh);
      };
      walk(document.body, '', false);
      for (const root of roots) root.setAttribute('data-fresh', '');
      return [...found];
    },
    { known: [...known] },
  );
  for (const one of fresh) known.add(one);
  return fresh.length > 0;
}

describe('everybody can use', () => {
  it.each([...Object.keys(scenes), 'helper=forbidden', 'helper=exited'])('every face of %s', async (scene) => {
    const page = await open(scene);
    const broken: Record<string, string[]> = {};
    for (const [index, { name, show }] of (await facesOf(page)).entries()) {
      await show();
      const fresh = await markFresh(page);
      if (!fresh && index > 0) continue;
      const where = index > 0 ? 'fresh' : 'page';
      // Another theme changes colours, and nothing else.
      for (const theme of fresh ? themes : (['light'] as const)) {
        await page.emulateMedia({ colorScheme: theme });
        const judged = theme === 'dark' ? 'colours' : fresh ? 'all' : 'uncoloured';
        const found = await violations(page, judged, where);
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
