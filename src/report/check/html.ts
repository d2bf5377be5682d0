/** A check of a peer as one page: the sentence, what failed with what shows it, and the table of all. */
import { version } from '../../base/version.ts';
import { type Addresses, type Masker, masker } from '../addresses.ts';
import { htmlPage } from '../html/page.ts';
import { pageStyle } from '../html/style.ts';
import { element, escapeMarkup } from '../markup.ts';
import {
  againLine,
  checkSummary,
  failed,
  type Look,
  lookOf,
  lookSigns,
  lookWords,
  sections,
  spentText,
} from './summary.ts';
import type { CheckRow, CheckTable } from './table.ts';

const tones: Readonly<Record<Look, string>> = {
  fail: 'bad',
  habit: 'warn',
  unclear: 'warn',
  pass: 'good',
  'not-applicable': 'dim',
};

const tableStyle = `.checks .section{padding-top:1.2rem;font-size:1.05rem}
@media not all and (max-width:40rem){.checks tr>td:nth-child(-n+2){white-space:nowrap}.checks td:last-child{width:36%}}`;

export function checkHtml(report: CheckTable, addresses: Addresses): string {
  const mask = masker(addresses);
  const text = (words: string): string => escapeMarkup(mask(words));
  const title = checkSummary(report);
  const bad = failed(report, true) || report.ended === 'nobody-there';
  // What the RFCs demand leads.
  const told = (['MUST', 'SHOULD', 'habit'] as const).flatMap((demand) =>
    report.results.filter((one) => one.status === 'fail' && one.demand === demand),
  );
  return htmlPage({
    title: `dtlscope: ${title}`,
    style: { inline: `${pageStyle}\n${tableStyle}` },
    body: [
      element('header', {}, element('p', {}, `dtlscope ${escapeMarkup(version)}`)),
      element(
        'main',
        {},
        element('h1', { class: bad ? 'bad' : 'good' }, `${bad ? '✕' : '✔'} ${text(title)}`),
        element('p', { class: 'dim' }, text(`${report.target}: ${report.reached}; ${spentText(report)}.`)),
        ...told.map((one) => failure(one, report.target, text)),
        report.results.length === 0 ? '' : table(report.results, text),
      ),
      element(
        'footer',
        {},
        element('p', {}, `${addresses === 'masked' ? 'Addresses are masked. ' : ''}No keys are in this file.`),
      ),
    ],
  });
}

function failure(result: CheckRow, target: string, text: Masker): string {
  const look = lookOf(result);
  const { id, title, says, see, findings, how, scenario } = result;
  return element(
    'div',
    { class: `finding ${tones[look]}-edge` },
    element('h3', { id: `check-${id}` }, `${lookSigns[look]} ${text(title)}`),
    element('p', {}, text(says)),
    element(
      'p',
      { class: 'dim' },
      text(`${result.demand === 'habit' ? 'A habit' : `${result.demand} of ${see}`}. Tried: ${how}.`),
      findings.length > 0 ? text(` Finding: ${findings.join(', ')}.`) : '',
    ),
    element('pre', {}, text(againLine(target, id))),
    scenario === undefined
      ? ''
      : element(
          'details',
          {},
          element('summary', {}, 'A scenario that shows it'),
          element('pre', {}, scenario.trimEnd().split('\n').map(text).join('\n')),
        ),
  );
}

/** One table, so that its columns stand below each other from section to section. */
function table(all: readonly CheckRow[], text: Masker): string {
  const head = ['Result', 'Asked', 'What is asked', 'What came'].map((name) => element('th', { scope: 'col' }, name));
  const body = sections(all).map(([section, results]) =>
    element(
      'tbody',
      {},
      element('tr', {}, element('th', { scope: 'rowgroup', colspan: '4', class: 'section' }, text(section))),
      ...results.map((result) => row(result, text)),
    ),
  );
  return element('table', { class: 'checks' }, element('thead', {}, element('tr', {}, ...head)), ...body);
}

function row(result: CheckRow, text: Masker): string {
  const look = lookOf(result);
  return element(
    'tr',
    {},
    element('td', { class: tones[look] }, `${lookSigns[look]} ${lookWords[look]}`),
    element('td', { class: 'dim' }, result.demand === 'habit' ? '' : result.demand),
    element('td', {}, text(result.title), ' ', element('span', { class: 'dim' }, text(result.see))),
    element('td', {}, text(result.says)),
  );
}
