/** The filter above the views: what is typed, why it is refused, and how many datagrams are left. */
import { type ReactElement, useId, useMemo, useState } from 'react';
import type { DatagramView, Handshake } from '../../src/analysis/model.ts';
import { keeper, parseFilter } from '../layout/filter.ts';
import { plural } from '../layout/text.ts';
import { useActions, useSlice } from './context.ts';

/** The predicate that "only new bytes" and the filter make together; undefined when everything is shown. */
export function useKeep(): ((datagram: DatagramView) => boolean) | undefined {
  const onlyNew = useSlice((state) => state.view.onlyNew);
  const filter = useSlice((state) => state.view.filter);
  return useMemo(() => {
    const parsed = parseFilter(filter);
    return keeper(parsed.ok ? parsed.filter : [], onlyNew);
  }, [filter, onlyNew]);
}

export function FilterBox({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const { setView } = useActions();
  const filter = useSlice((state) => state.view.filter);
  const id = useId();
  // What is typed is the filter only when it can be read; until then the last one that could be stays.
  const [typed, setTyped] = useState(filter);
  const parsed = parseFilter(typed);
  const keep = useKeep();
  const shown = useMemo(() => keep && handshake.datagrams.filter(keep).length, [keep, handshake]);
  return (
    <div className="filter">
      <input
        type="search"
        name="filter"
        aria-label="Filter datagrams"
        aria-describedby={`${id}-count ${id}-problem`}
        aria-invalid={!parsed.ok}
        placeholder="Filter: type:certificate flight:4 -lost:yes"
        title="type: flight: side: size:> frag:> dup: lost: seq: alert: or words of message names, or bytes as 0x…; a minus before what is not wanted"
        maxLength={500}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        onChange={({ target: { value } }) => {
          setTyped(value);
          if (parseFilter(value).ok) setView({ filter: value });
        }}
      />
      <output id={`${id}-count`} className="dim">
        {shown !== undefined && `${shown} of ${plural(handshake.datagrams.length, 'datagram')}`}
      </output>
      <span id={`${id}-problem`} className="problem" role="status">
        {!parsed.ok && <bdi>{parsed.why}</bdi>}
      </span>
    </div>
  );
}
