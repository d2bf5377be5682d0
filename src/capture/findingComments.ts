/** Findings as comments: people read them in Wireshark; our reading passes them over, since findings are derived and never read. */

/** The comment that tells of a finding. */
export const formatFindingComment = (text: string): string => `${mark}${text}`;

/** Whether a comment is such a one. */
export const isFindingComment = (comment: string): boolean => comment.startsWith(mark);

const mark = 'dtlscope: ';
