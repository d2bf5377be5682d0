/** The reports that are files for people, by the ending of their name: what terminal and panel write alike. */

import { inFull, type ReadHandshake } from '../diagnosis/lead.ts';
import { masker } from './addresses.ts';
import { htmlReport, type ReportOptions } from './html/report.ts';
import { ladderSvg } from './ladder/svg.ts';
import { mostInFull } from './many.ts';
import { markdownReport } from './markdown.ts';

export const reportFiles = ['html', 'svg', 'md'] as const;
export type ReportFile = (typeof reportFiles)[number];

/** Pixels; what a page or a slide shows without shrinking it. */
const drawingWidth = 900;

/** None of them can hold a key. */
export function reportAs(kind: ReportFile, read: readonly ReadHandshake[], options: ReportOptions): string {
  switch (kind) {
    case 'html':
      return htmlReport(read, options);
    case 'svg':
      return ladderSvg(inFull(read, mostInFull), { width: drawingWidth, mask: masker(options.addresses) });
    case 'md':
      return markdownReport(read, options);
  }
}
