/** Names of IANA are long words: they may break behind an underscore, and nowhere else. */
import { Fragment, type ReactNode } from 'react';

export const breakable = (text: string): ReactNode =>
  text.split(/(?<=_)/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a name have nothing but their place
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
