/** The panel with its real reader over a background that can be told a long run: the page of the panel's benchmark. */
import { mount } from '../../panel/mount.tsx';
import { makeRunBook } from '../../panel/reader.ts';
import { emptyForm } from '../../panel/state/form.ts';
import { createPanel } from '../../panel/state/store.ts';
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

interface LongTask {
  readonly start: number;
  readonly ms: number;
}
const tasks: LongTask[] = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) tasks.push({ start: startTime, ms: duration });
}).observe({ entryTypes: ['longtask'] });

/** Tells the panel a capture as the background does, in messages of bounded size; times are ms. */
async function tell(address: string) {
  const opened = openFile(new Uint8Array(await (await fetch(address)).arrayBuffer()));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${address} can't be read`);
  const { header, events } = opened.trace;
  const started = performance.now();
  client.addRun('long', { target: '127.0.0.1:4444', options: {} }, {}, header);
  let first: number | undefined;
  const painted = (async () => {
    while (!document.querySelector('[data-ladder] .datagram')) await frame();
    // What is in the document in one frame is on the screen at the start of the next.
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
  await painted;
  const datagrams = (): number =>
    Number(document.querySelector('[data-ladder] .datagram')?.getAttribute('aria-setsize'));
  // A reader may leave datagrams out of a handshake: the ladder is whole when it no longer grows.
  let whole = performance.now() - started;
  for (let [last, still] = [datagrams(), 0]; still < 30; still++) {
    await frame();
    if (datagrams() === last) continue;
    [last, still] = [datagrams(), 0];
    whole = performance.now() - started;
  }
  return { first, told, whole, datagrams: datagrams(), tasks: await taken() };
}

/** Long tasks since the last call; the observer hears of them a little later. */
async function taken(): Promise<LongTask[]> {
  await new Promise((done) => setTimeout(done, 300));
  return tasks.splice(0);
}

/** Scrolls the whole ladder by so many screens a frame. Answers with the time between frames and the long tasks. */
async function scroll(screens: number) {
  const scroller = [...document.querySelectorAll('*')]
    .filter((one) => one.querySelector('[data-ladder]') && one.scrollHeight > one.clientHeight + 1000)
    .at(-1);
  if (!scroller) throw new Error('nothing scrolls');
  await taken();
  const gaps: number[] = [];
  const end = scroller.scrollHeight - scroller.clientHeight;
  let before = await frame();
  for (let step = 1; step <= 300; step++) {
    const top = screens === 0 ? (end * step) / 300 : Math.min(step * screens * scroller.clientHeight, end);
    scroller.scrollTop = top;
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  const last = document.querySelector('[data-ladder] .datagram:last-of-type')?.getAttribute('aria-posinset');
  return { gaps, tasks: await taken(), last: Number(last), rows: document.querySelectorAll('.datagram').length };
}

export const bench = { tell, scroll };
Object.assign(globalThis, { bench });
