/** All findings as a page that stands alone, an anchor for each: what the extension brings along, so that it works offline. */
import { version } from '../../base/version.ts';
import { rules } from '../../diagnosis/rules/index.ts';
import { element, escapeMarkup } from '../markup.ts';
import { htmlPage } from './page.ts';

/** `sheet`: the file beside it that holds `pageStyle`; a page of an extension may not bring its style inside. */
export function findingsPage(sheet: string): string {
  const byId = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1));
  const line = (name: string, text: string): string =>
    element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, escapeMarkup(text)));
  const sections = byId.map(({ id, title, signature, doc, see }) =>
    element(
      'section',
      { id, class: 'finding' },
      element('h2', {}, escapeMarkup(title)),
      element('p', { class: 'dim' }, element('code', {}, escapeMarkup(id))),
      element(
        'table',
        {},
        element(
          'tbody',
          {},
          line('Seen', signature),
          line('Means', doc.why),
          line('What to do', doc.fix),
          line('See', see),
        ),
      ),
    ),
  );
  const index = byId.map(({ id, title }) =>
    element(
      'li',
      {},
      element('a', { href: `#${id}` }, escapeMarkup(title)),
      ' ',
      element('code', {}, escapeMarkup(id)),
    ),
  );
  return htmlPage({
    title: 'Findings of dtlscope',
    style: { sheet },
    body: [
      element(
        'main',
        {},
        element('h1', {}, 'Findings'),
        element(
          'p',
          {},
          'An error ended the handshake, a warning cost time or will bite elsewhere, the rest is information. One cause leads.',
        ),
        element('ul', {}, ...index),
        ...sections,
      ),
      element('footer', {}, `dtlscope ${escapeMarkup(version)}`),
    ],
  });
}
