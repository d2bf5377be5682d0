/** The filter above the views: what is typed and its chips, why it is refused, and how many datagrams are left. */
import { type ReactElement, useId, useMemo, useState } from 'react';
import type { DatagramView, Handshake } from '../../src/analysis/model.ts';
import { aroundOf, asksAround, keeper, parseFilter } from '../layout/filter.ts';
import { type Chip, chipsOf, toggled } from '../layout/filterChips.ts';
import { keptOf } from '../layout/kept.ts';
import { plural } from '../layout/text.ts';
import { useActions, useShown, useSlice } from './context.ts';

/** The predicate that "only new bytes" and the filter make together; undefined when everything is shown. */
export function useKeep(): ((datagram: DatagramView) => boolean) | undefined {
  const { handshake } = useShown();
  const onlyNew = useSlice((state) => state.view.onlyNew);
  const filter = useSlice((state) => state.view.filter);
  const parsed = useMemo(() => {
    const read = parseFilter(filter);
    return read.ok ? read.filter : [];
  }, [filter]);
  const about = asksAround(parsed) ? handshake : undefined;
  return useMemo(() => keeper(parsed, onlyNew, about && aroundOf(about)), [parsed, onlyNew, about]);
}

export function FilterBox({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const { setView } = useActions();
  const filter = useSlice((state) => state.view.filter);
  const id = useId();
  // What is typed is the filter only when it can be read; until then the last one that could be stays.
  const [typed, setTyped] = useState(filter);
  const [seen, setSeen] = useState(filter);
  if (seen !== filter) {
    // A chip changed it.
    setSeen(filter);
    setTyped(filter);
  }
  const parsed = parseFilter(typed);
  const keep = useKeep();
  const shown = useMemo(() => keep && keptOf(handshake.datagrams, keep).length, [keep, handshake]);
  return (
    <div className="filter">
      <input
        type="search"
        name="filter"
        aria-label="Filter datagrams"
        aria-describedby={`${id}-count ${id}-problem`}
        aria-invalid={!parsed.ok}
        placeholder="Filter: type:certificate flight:4 -lost:yes"
        title="type: flight: side: size:> frag:> dup: resent: lost: dropped: seq: alert: or words of message names, or bytes as 0x…; a minus before what is not wanted"
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

/** The filter as buttons. In a narrow dock the messages fold away behind one. */
export function FilterChips({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const { setView } = useActions();
  const filter = useSlice((state) => state.view.filter);
  const [open, setOpen] = useState(false);
  const chips = useMemo(() => chipsOf(handshake, filter), [handshake, filter]);
  const messages = chips.filter(({ group, on }) => group === 'message' && !on).length;
  return (
    <fieldset className="chips" aria-label="Common filters" data-open={open}>
      {chips.map((chip) => (
        <ChipButton key={chip.word} chip={chip} onToggle={() => setView({ filter: toggled(filter, chip) })} />
      ))}
      {messages > 0 && (
        <button type="button" className="chip-button more" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'fewer' : `${plural(messages, 'message')}…`}
        </button>
      )}
      {filter.trim() !== '' && (
        <button type="button" className="link" onClick={() => setView({ filter: '' })}>
          Clear filter
        </button>
      )}
    </fieldset>
  );
}

function ChipButton({ chip, onToggle }: { readonly chip: Chip; readonly onToggle: () => void }): ReactElement {
  const { text, count, on, group } = chip;
  return (
    <button
      type="button"
      className="chip-button"
      aria-pressed={on}
      data-group={group}
      title={on ? `Take “${chip.word}” out of the filter` : `Filter by “${chip.word}”`}
      onClick={onToggle}
    >
      <bdi>{text}</bdi>
      {count !== undefined && <span className="chip-count"> {count}</span>}
      {on && <span aria-hidden="true">✕</span>}
    </button>
  );
}
