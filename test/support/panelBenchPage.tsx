/** The panel with its real reader over a background that can be told a long run: the page of the panel's benchmark. */
import { mount } from '../../panel/mount.tsx';
import { makeRunBook } from '../../panel/reader.ts';
import { emptyForm } from '../../panel/state/form.ts';
import { createPanel } from '../../panel/state/store.ts';
import type { Drawing } from '../../panel/state/view.ts';
import { followTheme } from '../../panel/theme.ts';
import { batchEnd } from '../../src/bridge/events.ts';
import { openFile } from '../../src/capture/open.ts';
import { FakeBackground } from './fakeBackground.ts';

const client = new FakeBackground();
const panel = createPanel({
  client,
  book: makeRunBook(),
  form: emptyForm(),
  later: (publish) => requestAnimationFrame(() => publish()),
});
followTheme(document.documentElement);
const element = document.getElementById('root');
if (element) mount(element, panel);

const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
/** The next turn of the event loop, as the next message of a port would come. */
const turn = (): Promise<void> =>
  new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(undefined);
  });
/** What is in the document in one frame is on the screen at the start of the next. */
async function painted(): Promise<void> {
  await frame();
  await frame();
}

/** Rows of the views, each with the number of datagrams it knows of and the one that it shows. */
const rows = '[data-ladder] .datagram, .packing .pack-row[data-packet], .datagram-table tr[aria-rowindex]';
const numberIn = (row: Element | undefined, ...names: readonly string[]): number =>
  Number(names.map((name) => row?.getAttribute(name)).find((value) => value != null));

/** Tells the panel a capture as the background does, in messages of bounded size; times are ms. */
async function tell(address: string) {
  const opened = openFile(new Uint8Array(await (await fetch(address)).arrayBuffer()));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${address} can't be read`);
  const { header, events } = opened.trace;
  const started = performance.now();
  client.addRun('long', { target: '127.0.0.1:4444', options: {} }, {}, header);
  let first: number | undefined;
  const drawn = (async () => {
    while (!document.querySelector(rows)) await frame();
    await frame();
    first = performance.now() - started;
  })();
  for (let from = 0; from < events.length; ) {
    const end = batchEnd(events, from);
    client.tell('long', events.slice(from, end), end === events.length);
    from = end;
    await turn();
  }
  const told = performance.now() - started;
  await drawn;
  const datagrams = (): number => numberIn(document.querySelector(rows) ?? undefined, 'aria-setsize');
  // A reader may leave datagrams out of a handshake: the ladder is whole when it no longer grows.
  let whole = performance.now() - started;
  for (let [last, still] = [datagrams(), 0]; still < 30; still++) {
    await frame();
    if (datagrams() === last) continue;
    [last, still] = [datagrams(), 0];
    whole = performance.now() - started;
  }
  return { first, told, whole, datagrams: datagrams() };
}

/** Changes to a view, as a click on its tab does; from the top. Answers with the ms until it is painted. */
async function show(drawing: Drawing): Promise<number> {
  scroller()?.scrollTo(0, 0);
  const started = performance.now();
  panel.actions.setView({ drawing });
  await painted();
  return performance.now() - started;
}

const scroller = (): Element | undefined =>
  [...document.querySelectorAll('*')]
    .filter((one) => one.querySelector(rows) && one.scrollHeight > one.clientHeight + 1000)
    .at(-1);

/** Scrolls the view by so many screens a frame, or with 0 from top to end in 300. Answers with the ms between frames. */
async function scroll(screens: number) {
  const scrolled = scroller();
  if (!scrolled) throw new Error('nothing scrolls');
  const gaps: number[] = [];
  const end = scrolled.scrollHeight - scrolled.clientHeight;
  let before = await frame();
  for (let step = 1; step <= 300; step++) {
    const top = screens === 0 ? (end * step) / 300 : Math.min(step * screens * scrolled.clientHeight, end);
    scrolled.scrollTop = top;
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  const shown = document.querySelectorAll(rows);
  const last = numberIn([...shown].at(-1), 'aria-posinset', 'data-packet', 'aria-rowindex');
  return { gaps, last, rows: shown.length };
}

/** Types into the filter and takes it out again, a key at a time. Answers with the ms from each key to its picture. */
async function type(text: string): Promise<number[]> {
  const field = document.querySelector<HTMLInputElement>('input[name=filter]');
  if (!field) throw new Error('there is no filter');
  const texts = [...text].map((_, i) => text.slice(0, i + 1));
  const gaps: number[] = [];
  for (const value of [...texts, ...texts.toReversed().slice(1), '']) {
    const started = performance.now();
    // React keeps an eye on the property; the browser's own setter goes past it, as a key does.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, value);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await painted();
    gaps.push(performance.now() - started);
  }
  return gaps;
}

/** Presses a key on the list so many times. Answers with the ms from each to its picture. */
async function press(key: string, times: number): Promise<number[]> {
  const list = document.querySelector<HTMLElement>('[data-rows]');
  list?.focus();
  const gaps: number[] = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    list?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await painted();
    gaps.push(performance.now() - started);
  }
  return gaps;
}

/** Changes the width of what is around the panel, as a dragged edge does. */
async function resize(steps: number): Promise<number[]> {
  const gaps: number[] = [];
  for (let i = 0; i <= steps; i++) {
    const started = performance.now();
    document.documentElement.style.width = i === steps ? '' : `${1150 - i * 7}px`;
    await painted();
    gaps.push(performance.now() - started);
  }
  return gaps;
}

export const bench = { tell, show, scroll, type, press, resize };
Object.assign(globalThis, { bench });
