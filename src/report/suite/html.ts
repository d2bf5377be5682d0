/** Many scenario files as one page: the count first, a table of all, then each that was not as expected with its ladder. */
import { version } from '../../base/version.ts';
import { type Addresses, type Masker, masker } from '../addresses.ts';
import { htmlPage } from '../html/page.ts';
import { pageStyle } from '../html/style.ts';
import { element, escapeMarkup } from '../markup.ts';
import { type CaseReport, outcomesText, tally, tallyText } from './model.ts';

const signs = {
  held: { tone: 'good', sign: '✔', word: 'as expected' },
  unmet: { tone: 'bad', sign: '✕', word: 'not as expected' },
  error: { tone: 'warn', sign: '!', word: 'could not be made' },
} as const;

export function suiteHtml(cases: readonly CaseReport[], addresses: Addresses): string {
  const mask = masker(addresses);
  const text = (words: string): string => escapeMarkup(mask(words));
  const title = tallyText(tally(cases));
  const failed = cases.filter(({ result }) => result !== 'held');
  return htmlPage({
    title: `dtlscope: ${title}`,
    style: {
      inline: `${pageStyle}\n.ladder{overflow-x:auto;white-space:pre}\n@media print{.ladder{white-space:pre-wrap}}`,
    },
    body: [
      element('header', {}, element('p', {}, `dtlscope ${escapeMarkup(version)}`)),
      element(
        'main',
        {},
        element(
          'h1',
          { class: failed.length === 0 ? 'good' : 'bad' },
          `${failed.length === 0 ? '✔' : '✕'} ${text(title)}`,
        ),
        table(cases, text),
        ...failed.map((one) => section(one, text)),
      ),
      element(
        'footer',
        {},
        element('p', {}, `${addresses === 'masked' ? 'Addresses are masked. ' : ''}No keys are in this file.`),
      ),
    ],
  });
}

function table(cases: readonly CaseReport[], text: Masker): string {
  const head = ['Result', 'Scenario', 'Outcome', 'Time'].map((name) => element('th', { scope: 'col' }, name)).join('');
  const rows = cases.map((one) => {
    const { tone, sign, word } = signs[one.result];
    const name = one.result === 'held' ? text(one.name) : element('a', { href: `#case-${one.number}` }, text(one.name));
    return element(
      'tr',
      {},
      element('td', { class: tone }, `${sign} ${word}`),
      element('td', {}, name, one.name === one.file ? '' : ` ${element('code', { class: 'dim' }, text(one.file))}`),
      element(
        'td',
        {},
        text(one.outcome ?? '–'),
        one.repeat
          ? element('span', { class: 'dim' }, ` of ${one.repeat.made}: ${text(outcomesText(one.repeat.outcomes))}`)
          : '',
      ),
      element('td', {}, `${(one.durationMs / 1000).toFixed(3)} s`),
    );
  });
  return element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, ...rows));
}

function section(one: CaseReport, text: Masker): string {
  const { tone, sign, word } = signs[one.result];
  const line = (words: string | null | undefined, kind?: string): string =>
    words ? element('p', { class: kind }, text(words)) : '';
  const findings = one.handshakes
    .flatMap((handshake) => handshake.findings)
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, title, why, fix }) =>
      element(
        'div',
        { class: `finding ${severity === 'error' ? 'bad' : 'warn'}-edge` },
        element('h3', {}, text(title)),
        line(why),
        line(fix === '' ? null : `What to do: ${fix}`),
      ),
    );
  return element(
    'section',
    { id: `case-${one.number}` },
    element('h2', {}, text(one.name)),
    element('p', { class: `badge ${tone}` }, `${sign} ${word}`),
    line(one.about, 'dim'),
    one.unmet.length === 0 ? '' : element('ul', {}, ...one.unmet.map((words) => element('li', {}, text(words)))),
    line(one.error?.message),
    line(one.verdict, 'verdict'),
    line(one.repeat?.difference),
    ...findings,
    one.ladder === null ? '' : element('pre', { class: 'ladder' }, ladderText(one.ladder, text)),
    one.commandLine === null ? '' : element('h3', {}, 'To repeat it') + element('pre', {}, text(one.commandLine)),
    one.traces.length === 0 ? '' : line(`Kept: ${one.traces.join(', ')}`, 'dim'),
  );
}

/** Line by line: a text is one line to whoever escapes it. */
const ladderText = (ladder: string, text: Masker): string => ladder.split('\n').map(text).join('\n');
