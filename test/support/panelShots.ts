/**
 * The panel over a fake background, in scenes: every state at several widths in both themes, without an extension around
 * it. Tests ask what overflows and what is hard to read; `npm run shots` makes pictures to be looked at.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright';

const root = join(import.meta.dirname, '..', '..');

export const scenes: Readonly<Record<string, string>> = {
  empty: '',
  recovered: 'runs=harmed,silent,recovered',
  details: 'runs=recovered&packet=5&expect=1',
  silent: 'runs=recovered,silent',
  harmed: 'runs=harmed&packet=3',
  live: 'runs=silent,recovered&live=recovered',
  wrong: 'wrong=1',
  carried: 'carried=1',
  'not-installed': 'helper=not-installed&runs=recovered',
  mismatch: 'helper=version-mismatch',
  'capture-bigchain': 'capture=bigchain_mtu300',
  'capture-stun': 'capture=chromium_janus_srtp&stun=1',
  // Beside another one, that it is compared with.
  'capture-blackhole': 'capture=bigchain_mtu300,pmtu_blackhole&pin=bigchain_mtu300',
  scenario: 'place=scenario&scenario=ticket',
  'scenario-wrong': 'place=scenario&scenario=wrong',
  failures: 'place=failures',
  sweep: 'sweep=done&scenario=packing',
  'sweep-empty': 'place=sweep&sweep=running',
  check: 'place=check&check=done',
  'check-far': 'place=check&target=a-host-with-a-rather-long-name.of-a-far-region.gateways.example.net:49152',
  'check-running': 'place=check&check=running&target=gateway.example.net:4433',
  'page-unwatched': 'page=unwatched',
  page: 'page=connections',
};
export const widths = [320, 900, 1600] as const;
export const themes = ['light', 'dark'] as const;

export type PanelFiles = ReadonlyMap<string, { readonly body: string; readonly type: string }>;

/** The page's files, made once. `entry` is a script of this folder. */
export async function panelFiles(entry = 'panelPage.tsx'): Promise<PanelFiles> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'test', 'support', entry)],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"', DTLSCOPE_VERSION: '"test"' },
  });
  const read = (name: string): Promise<string> => readFile(join(root, 'panel', name), 'utf8');
  return new Map([
    ['/panel.html', { body: await read('panel.html'), type: 'text/html' }],
    ['/panel.css', { body: await read('panel.css'), type: 'text/css' }],
    ['/reproduce.css', { body: await read('reproduce.css'), type: 'text/css' }],
    ['/panel.js', { body: outputFiles[0]?.text ?? '', type: 'text/javascript' }],
  ]);
}

const servers = new WeakMap<PanelFiles, Promise<string>>();
const contexts = new WeakMap<Browser, Promise<BrowserContext>>();

/**
 * Where the files are served, on loopback, until the process ends. A real server, so that the browser keeps the compiled
 * script from one scene to the next: that is most of the time that a scene takes to open.
 */
function origin(files: PanelFiles): Promise<string> {
  const known = servers.get(files);
  if (known) return known;
  const made = new Promise<string>((listening, failed) => {
    const server = createServer(async ({ url = '/' }, response) => {
      const { pathname } = new URL(url, 'http://localhost');
      const file = files.get(pathname);
      const body = file
        ? file.body
        : pathname.startsWith('/captures/')
          ? await readFile(join(root, 'test', 'fixtures', 'captures', basename(pathname))).catch(() => undefined)
          : undefined;
      if (body === undefined) response.writeHead(404).end();
      else {
        response.writeHead(200, {
          'content-type': file?.type ?? 'application/octet-stream',
          'cache-control': 'max-age=3600',
        });
        response.end(body);
      }
    });
    server.unref();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') failed(new Error('no port'));
      else listening(`http://127.0.0.1:${address.port}`);
    });
  });
  servers.set(files, made);
  return made;
}

/** The panel in a scene, in a page of its own. Scenes share no state: the page that stands for the extension keeps none. */
export async function openScene(
  browser: Browser,
  files: PanelFiles,
  scene: string,
  view: { readonly width: number; readonly height: number; readonly theme: 'light' | 'dark' },
): Promise<Page> {
  const context = contexts.get(browser) ?? browser.newContext({ reducedMotion: 'reduce' });
  contexts.set(browser, context);
  const page = await (await context).newPage();
  await page.setViewportSize({ width: view.width, height: view.height });
  await page.emulateMedia({ colorScheme: view.theme });
  await page.goto(`${await origin(files)}/panel.html?${scenes[scene] ?? scene}`);
  await page.waitForSelector('.panel');
  await painted(page);
  return page;
}

/** Waits for a frame: what hangs on the width or the theme is drawn anew by then. */
export const painted = (page: Page): Promise<void> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));

/** Elements that stick out of the window sideways, by class: a narrow dock must not hide anything. */
export const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const out: string[] = [];
    for (const element of document.querySelectorAll('.panel *')) {
      if (element.closest('.off-screen, .datagram-table, .heat-scroll') || element.closest('svg') !== null) continue;
      const box = element.getBoundingClientRect();
      if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1))
        out.push(`${element.tagName.toLowerCase()}.${element.className}`);
    }
    return out;
  });

/** A text that is hard to read: contrast under 4.5 (WCAG 2 AA) against what it stands on. */
export interface Faint {
  readonly text: string;
  readonly contrast: number;
}

/** Every visible text with too little contrast. SVG text counts against the last shape painted under it. */
export const faintTexts = (page: Page): Promise<Faint[]> =>
  page.evaluate(() => {
    type Colour = readonly [number, number, number, number];
    const parse = (text: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, text === 'transparent' || text === 'none' ? 0 : a];
    };
    const over = (top: Colour, under: Colour): Colour => {
      const mix = (a: number, b: number): number => a * top[3] + b * (1 - top[3]);
      return [mix(top[0], under[0]), mix(top[1], under[1]), mix(top[2], under[2]), 1];
    };
    const luminance = ([r, g, b]: Colour): number => {
      const part = (value: number): number => {
        const s = value / 255;
        return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const ground = (element: Element): Colour => {
      const layers: Colour[] = [];
      for (let at: Element | null = element; at; at = at.parentElement)
        layers.push(parse(getComputedStyle(at).backgroundColor));
      return layers.reduceRight<Colour>((under, top) => over(top, under), [255, 255, 255, 1]);
    };
    const painted = (text: Element): Colour => {
      const box = text.getBoundingClientRect();
      const [x, y] = [box.left + 2, box.top + box.height / 2];
      let colour = ground(text);
      for (const rect of text.closest('svg')?.querySelectorAll('rect') ?? []) {
        if (rect.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING) break;
        const area = rect.getBoundingClientRect();
        if (area.left > x || area.right < x || area.top > y || area.bottom < y) continue;
        const style = getComputedStyle(rect);
        const [r, g, b, a] = parse(style.fill);
        colour = over([r, g, b, a * Number(style.fillOpacity)], colour);
      }
      return colour;
    };
    const out: { text: string; contrast: number }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (!element || text === '' || element.closest('.off-screen, title, script, :disabled')) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      const svg = element.closest('svg') !== null;
      const style = getComputedStyle(element);
      const back = svg ? painted(element) : ground(element);
      const front = luminance(over(parse(svg ? style.fill : style.color), back));
      const behind = luminance(back);
      const contrast = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
      if (contrast < 4.5) out.push({ text: text.slice(0, 60), contrast: Math.round(contrast * 100) / 100 });
    }
    return out;
  });
