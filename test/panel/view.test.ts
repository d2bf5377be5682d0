import { describe, expect, it } from 'vitest';
import { allowedSize, defaultView, rememberedView, type ViewOptions } from '../../panel/state/view.ts';

describe('the view that is remembered', () => {
  it('comes back as it was', () => {
    const view: ViewOptions = {
      axis: 'ordinal',
      zoom: 4,
      byteZoom: 0.5,
      onlyNew: true,
      stun: true,
      filter: 'type:certificate -lost:yes',
      drawing: 'packing',
      sizes: { ...defaultView.sizes, side: 240, detailsBeside: 50 },
    };
    expect(rememberedView(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });

  it.each([
    [undefined],
    ['a text'],
    [null],
    [{ axis: 'sideways', zoom: 3, byteZoom: '1', onlyNew: 'yes', filter: 7, drawing: 'timers', sizes: [] }],
    [{ filter: 'lost:perhaps', sizes: { side: 'wide', tree: Number.NaN } }],
    [{ filter: 'x '.repeat(400) }],
  ])('is the default wherever it has no such shape: %j', (kept) => {
    expect(rememberedView(kept)).toEqual(defaultView);
  });

  it('keeps sizes within what the panes can have', () => {
    expect(rememberedView({ sizes: { side: 9999, detailsUnder: -3 } }).sizes).toMatchObject({
      side: 560,
      detailsUnder: 20,
    });
    expect(allowedSize('tree', 33.4)).toBe(33);
  });
});
