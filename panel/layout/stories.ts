/** Finding a known failure by what somebody remembers of it. */
import { type Story, storyText } from '../../src/scenario/index.ts';

/** Those in which every word occurs, as they are listed. */
export function storiesLike(stories: readonly Story[], wanted: string): readonly Story[] {
  const words = wanted
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return stories.filter((story) => {
    const { id, title, rows, threads, failing, mended } = story;
    const text = [id, title, storyText(story), ...rows, ...threads, failing.label, mended.label]
      .concat(Object.values(failing.gives).flat(2).filter(Boolean) as string[])
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
