import { expect, test } from 'vitest';
import { parseDashboard } from '../model/dashboard';
import { firstPanels } from './first';

const panel = (id: number, x: number, y: number, w: number) => ({
  id,
  type: 'text',
  gridPos: { x, y, w, h: 8 },
});
const row = (id: number, y: number, collapsed: boolean) => ({
  id,
  type: 'row',
  collapsed,
  gridPos: { x: 0, y, w: 24, h: 1 },
});
const dashboard = parseDashboard('x', {
  panels: [panel(1, 0, 0, 12), panel(2, 12, 0, 12), panel(3, 0, 8, 24), panel(4, 0, 60, 24), row(9, 90, false), panel(5, 0, 91, 24)],
}); // prettier-ignore

test.each([
  [null, 1440, 900, { 1: 704, 2: 704, 3: 1416 }],
  [null, 1440, 200, { 1: 704, 2: 704 }],
  [null, 390, 844, { 1: 366, 2: 366, 3: 366 }],
  [5, 1440, 900, { 5: 1416 }],
  [77, 1440, 900, {}],
])('with panel %s alone, %i × %i px show first', (viewPanel, widthPx, heightPx, expected) => {
  const found = firstPanels(dashboard, viewPanel, { widthPx, heightPx });
  const widths = found.map(({ panel, widthPx }) => [panel.id, Math.round(widthPx)]);
  expect(Object.fromEntries(widths)).toEqual(expected);
});

test('a folded section shows nothing', () => {
  const folded = parseDashboard('x', { panels: [row(9, 0, true), panel(1, 0, 1, 12)] });
  expect(firstPanels(folded, null, { widthPx: 1440, heightPx: 900 })).toEqual([]);
});
