/**
 * A page in one file. It has no script, and its own policy forbids any, as it forbids to load anything: whatever a
 * stranger's text tried, there is nothing that would run it.
 */
import { element, escapeMarkup } from '../markup.ts';

export interface Page {
  readonly title: string;
  /** Markup of the body. */
  readonly body: readonly string[];
  /** The style itself, or the name of the sheet that stands beside the page. */
  readonly style: { readonly inline: string } | { readonly sheet: string };
}

export function htmlPage({ title, body, style }: Page): string {
  const inline = 'inline' in style;
  const policy = `default-src 'none'; style-src ${inline ? "'unsafe-inline'" : "'self'"}; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    element('title', {}, escapeMarkup(title)),
    inline ? `<style>${style.inline}</style>` : `<link rel="stylesheet" href="${escapeMarkup(style.sheet)}">`,
    '</head>',
    '<body>',
    ...body,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
