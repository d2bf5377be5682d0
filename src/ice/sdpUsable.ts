/** Whether anything can come of a description at all; the faults that leave hope are problems to be told, and gone on with. */
import type { DescriptionType } from './sdpModel.ts';
import { readDescription } from './sdpRead.ts';

/** Why a text can not be used as a description; undefined when it can. */
export function unusableBecause(text: string, type: DescriptionType): string | undefined {
  const { problems } = readDescription(text, type);
  return (problems.find(({ id }) => id === 'not-sdp') ?? problems.find(({ id }) => id === 'no-dtls'))?.text;
}
