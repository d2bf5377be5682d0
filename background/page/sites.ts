/**
 * Which sites are watched. The browser's own list of registered scripts is the truth: it outlives this process and ends with
 * the browser. A permission for a site that is not watched is given back.
 */
import { siteOf, sitePattern } from '../../src/bridge/page.ts';
import { BridgeError } from '../../src/bridge/panel.ts';

/** A script as the browser registers it. */
export interface PageScript {
  readonly id: string;
  readonly js: string[];
  readonly matches: string[];
  readonly world: 'ISOLATED' | 'MAIN';
  readonly runAt: 'document_start';
  readonly allFrames: true;
  readonly matchOriginAsFallback: true;
  readonly persistAcrossSessions: false;
}

/** The little of the browser that is needed, so that it can be a fake. */
export interface SitesBrowser {
  readonly permitted: (pattern: string) => Promise<boolean>;
  /** Patterns of hosts that the extension may read now. */
  readonly allPermitted: () => Promise<readonly string[]>;
  /** Gives one back; resolves false when the browser keeps it. */
  readonly giveBack: (pattern: string) => Promise<boolean>;
  readonly register: (scripts: PageScript[]) => Promise<void>;
  readonly unregister: (ids: string[]) => Promise<void>;
  readonly registered: () => Promise<readonly { readonly id: string }[]>;
}

const prefix = 'dtlscope ';

export class Sites {
  readonly #browser: SitesBrowser;
  readonly #changed: () => void;
  #list: readonly string[] = [];
  readonly ready: Promise<void>;

  constructor(browser: SitesBrowser, changed: () => void, complain: (what: string, error: unknown) => void) {
    this.#browser = browser;
    this.#changed = changed;
    this.ready = this.#restore().catch((error: unknown) => complain('watched sites', error));
  }

  /** As `siteOf` writes them. */
  get list(): readonly string[] {
    return this.#list;
  }

  /** Rejects with a `BridgeError` when the origin is no site, or the browser has not permitted it. */
  async arm(origin: string): Promise<void> {
    await this.ready;
    const [site, pattern] = siteAndPattern(origin);
    if (!(await this.#browser.permitted(pattern))) throw notPermitted(`The browser gave no permission for ${site}.`);
    if (this.#list.includes(site)) return;
    // Ours first: it waits for the one in the page's world.
    const shared = {
      runAt: 'document_start',
      allFrames: true,
      matchOriginAsFallback: true,
      persistAcrossSessions: false,
    } as const;
    await this.#browser.register([
      { ...shared, id: `${prefix}${site} 1`, matches: [pattern], js: ['relay.js'], world: 'ISOLATED' },
      { ...shared, id: `${prefix}${site} 2`, matches: [pattern], js: ['page.js'], world: 'MAIN' },
    ]);
    this.#list = [...this.#list, site];
    this.#changed();
  }

  async disarm(origin: string): Promise<void> {
    await this.ready;
    const [site, pattern] = siteAndPattern(origin);
    if (this.#list.includes(site)) {
      this.#list = this.#list.filter((one) => one !== site);
      await this.#browser.unregister([1, 2].map((number) => `${prefix}${site} ${number}`));
    }
    await this.#browser.giveBack(pattern);
    this.#changed();
  }

  async #restore(): Promise<void> {
    const registered = await this.#browser.registered();
    this.#list = [...new Set(registered.flatMap(({ id }) => /^dtlscope (\S+) \d$/.exec(id)?.[1] ?? []))];
    const used = new Set(this.#list.map(sitePattern));
    for (const pattern of await this.#browser.allPermitted())
      if (!used.has(pattern)) await this.#browser.giveBack(pattern);
    this.#changed();
  }
}

function siteAndPattern(origin: string): readonly [site: string, pattern: string] {
  const site = siteOf(origin);
  if (site !== undefined) return [site, sitePattern(site)];
  throw notPermitted('Only pages of http: and https: can be watched.');
}

const notPermitted = (message: string): BridgeError => new BridgeError({ code: 'not-permitted', message });
