/** The inspected page in the store: what is known of its connections, and what may be asked of it. */
import { siteOf, sitePattern } from '../../src/bridge/page.ts';
import type { Core } from './core.ts';
import type { Actions } from './model.ts';

type PageActions = Pick<
  Actions,
  'selectConnection' | 'armSite' | 'disarmSite' | 'reloadPage' | 'allow' | 'stopStandIn' | 'openAsTab'
>;

export function pagePart({ client, store, update, options, attempt }: Core): {
  readonly actions: PageActions;
  readonly dispose: () => void;
} {
  let unwatch = (): void => {};
  const watch = (connection: string | undefined): void => {
    const { inspected } = store.getState();
    unwatch();
    if (!inspected) return;
    unwatch = client.watchPage(inspected.tab, connection, (news) => {
      if ('page' in news) update({ page: news.page });
      else if (news.connection.id === store.getState().chosen) update({ whole: news.connection });
    });
  };
  watch(undefined);
  options.access?.onMove((origin) => {
    const { inspected } = store.getState();
    if (inspected) update({ inspected: { ...inspected, origin } });
  });

  return {
    actions: {
      selectConnection: (connection) => {
        update({ chosen: connection, whole: undefined });
        watch(connection);
      },
      armSite: (origin) => {
        const site = siteOf(origin);
        const { access } = options;
        // Before anything is waited for: only in the turn of a click may the browser be asked.
        const given = site === undefined || !access ? Promise.resolve(true) : access.request(sitePattern(site));
        return attempt(async () => {
          if (!(await given)) throw new Error(`Without your permission for ${site} its pages are not watched.`);
          await client.armSite(origin);
        });
      },
      disarmSite: (origin) => attempt(() => client.disarmSite(origin)),
      reloadPage: () => options.access?.reload?.(),
      allow: (session, destinations) => attempt(() => client.allow(session, destinations)),
      stopStandIn: (session) => attempt(() => client.stopStandIn(session)),
      openAsTab: () =>
        attempt(async () => {
          const { inspected } = store.getState();
          if (inspected) await client.openAsTab(inspected.tab, inspected.origin);
        }),
    },
    dispose: () => unwatch(),
  };
}
