/**
 * Every face that the panel has in a scene, found at run time: each tab of the views, each tab of the side, and the details
 * where there are any. What is added as a tab is tested and photographed without a word here.
 */
import type { Locator, Page } from 'playwright';

/** One face: how to name its picture, and how to get there. */
export interface Face {
  /** "ladder", "side-runs", "details". */
  readonly name: string;
  readonly show: () => Promise<void>;
}

/** Two frames later everything that a click changed is drawn. */
export const settled = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const nameOf = async (tab: Locator): Promise<string> =>
  ((await tab.textContent()) ?? '')
    .replace(/\(.*\)/, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');

/** The faces of the page as it is. The last one shown stays. */
export async function facesOf(page: Page): Promise<Face[]> {
  const faces: Face[] = [];
  const add = (name: string, ...steps: readonly (() => Promise<unknown>)[]): void => {
    faces.push({
      name,
      show: async () => {
        for (const step of steps) await step();
        await settled(page);
      },
    });
  };
  // Beside a scenario, a sweep or a check the side is as it is beside a handshake.
  const place = page.locator('.places [aria-selected=true]:not(#place-run)');
  if ((await place.count()) > 0) {
    add(await nameOf(place), () => settled(page));
    return faces;
  }
  const views = page.getByRole('tablist', { name: 'Views' }).getByRole('tab');
  const side = page.getByRole('tablist', { name: 'Runs and options' }).getByRole('tab');
  const first = await views.count().then((count) => (count > 0 ? views.first() : undefined));
  for (const tab of await side.all()) add(`side-${await nameOf(tab)}`, () => press(tab));
  // Beside the inspected page there is no run to look at; beside the options there is.
  const beside = async (): Promise<void> => {
    await press(side.first());
    await settled(page);
  };
  for (const tab of await views.all()) add(await nameOf(tab), beside, () => press(tab));
  const datagram = page.locator('[data-ladder] .datagram .chip').first();
  if (!first) return faces;
  await press(first);
  await settled(page);
  if ((await datagram.count()) > 0)
    add(
      'details',
      beside,
      () => press(first),
      () => settled(page),
      () => openDetails(page),
    );
  return faces;
}

/** By its own handler: a drawer may lie over the tab in a narrow dock. */
const press = (tab: Locator): Promise<void> => tab.evaluate((element) => (element as HTMLElement).click());

/** The first record of the ladder, and its details. */
async function openDetails(page: Page): Promise<void> {
  await page.locator('[data-ladder] .datagram .chip').first().dispatchEvent('click');
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
}
