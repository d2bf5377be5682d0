/** Documents of which a part is made from data: where that part stands, and making it anew. */

export interface PartMark {
  readonly begin: string;
  readonly end: string;
}

/** The marks around a part that is made from `source`. */
export const partMark = (source: string): PartMark => ({
  begin: `<!-- made from ${source} by npm run docs: begin -->`,
  end: `<!-- made from ${source} by npm run docs: end -->`,
});

/** A document with its generated part made anew; throws when the document has no place for it. */
export function withPart(document: string, mark: PartMark, made: string): string {
  const [before, rest] = document.split(mark.begin);
  const after = rest?.split(mark.end)[1];
  if (before === undefined || after === undefined) throw new Error(`no "${mark.begin}" … "${mark.end}"`);
  return `${before}${mark.begin}\n\n${made}\n${mark.end}${after}`;
}
