import { describe, expect, test } from 'vitest';
import { foldRow, movePanel, nudgePanel, placeOf, type Step } from './arrange';
import { parseDashboard } from './dashboard';
import type { GrafanaDashboard, GrafanaPanel } from './grafana';
import { fitted, placed, type Box } from './layout';

/** `a 0,0 12x8`: a box by its name. */
function boxes(text: string): Box[] {
  return text.split('; ').map((one) => {
    const [, name, ...numbers] = /^(\w) (\d+),(\d+) (\d+)x(\d+)$/.exec(one)!;
    const [x, y, w, h] = numbers.map(Number) as [number, number, number, number];
    return { id: name!.charCodeAt(0), x, y, w, h };
  });
}

function written(list: Box[]): string {
  return [...list]
    .sort((a, b) => a.id - b.id)
    .map(({ id, x, y, w, h }) => `${String.fromCharCode(id)} ${x},${y} ${w}x${h}`)
    .join('; ');
}

test.each([
  ['nothing is known', {}, 'a 0,0 24x16; b 0,16 14x12; c 14,16 10x12; d 0,28 24x4'],
  ['few rows', { a: 258 }, 'a 0,0 24x7; b 0,7 14x12; c 14,7 10x12; d 0,19 24x4'],
  ['hardly any', { a: 10 }, 'a 0,0 24x5; b 0,5 14x12; c 14,5 10x12; d 0,17 24x4'],
  ['more than there is room for', { a: 9_999 }, 'a 0,0 24x16; b 0,16 14x12; c 14,16 10x12; d 0,28 24x4'],
  ['one of two beside each other', { b: 222 }, 'a 0,0 24x16; b 0,16 14x7; c 14,16 10x12; d 0,28 24x4'],
])('panels are no higher than what they show: %s', (_, known, expected) => {
  const heights = Object.fromEntries(Object.entries(known).map(([name, px]) => [name.charCodeAt(0), px]));
  const given = boxes('a 0,0 24x16; b 0,16 14x12; c 14,16 10x12; d 0,28 24x4');
  expect(written(fitted(given, heights))).toBe(expected);
});

const PAIR = 'a 0,0 12x8; b 12,0 12x8';
const STACK = 'a 0,0 24x4; b 0,4 24x6; c 0,10 24x3';

test.each([
  ['where it was', PAIR, 'a 0,0 12x8', PAIR],
  ['onto its neighbour', PAIR, 'a 12,0 12x8', 'a 12,0 12x8; b 12,8 12x8'],
  ['beyond the edge', PAIR, 'a 20,0 12x8', 'a 12,0 12x8; b 12,8 12x8'],
  ['wider, into its neighbour', PAIR, 'a 0,0 13x8', 'a 0,0 13x8; b 12,8 12x8'],
  ['a little down: back up', STACK, 'a 0,3 24x4', STACK],
  ['below the next, which has room above', STACK, 'a 0,6 24x4', 'a 0,6 24x4; b 0,0 24x6; c 0,10 24x3'],
  ['up over two', STACK, 'c 0,0 24x3', 'a 0,3 24x4; b 0,7 24x6; c 0,0 24x3'],
  ['far down', STACK, 'a 0,90 24x4', 'a 0,9 24x4; b 0,0 24x6; c 0,6 24x3'],
  ['higher: pushes all below', STACK, 'a 0,0 24x6', 'a 0,0 24x6; b 0,6 24x6; c 0,12 24x3'],
  ['narrower: a gap beside is no gap above', STACK, 'a 0,0 6x4', 'a 0,0 6x4; b 0,4 24x6; c 0,10 24x3'],
  ['into a gap', 'a 0,0 6x4; b 0,4 6x4', 'b 6,0 6x4', 'a 0,0 6x4; b 6,0 6x4'],
  [
    'where another must go, which pushes on a third',
    'a 0,0 4x7; b 4,0 20x7; c 0,7 12x10; d 12,7 12x10',
    'a 20,0 4x7',
    'a 20,0 4x7; b 4,7 20x7; c 0,14 12x10; d 12,14 12x10',
  ],
  ['nothing', PAIR, 'a 0,0 0x0', 'a 0,0 1x1; b 12,0 12x8'],
])('a box put %s', (_, before, box, after) => {
  expect(written(placed(boxes(before), boxes(box)[0]!))).toBe(after);
});

const panel = (id: number, x: number, y: number, w: number, h: number, more: object = {}): GrafanaPanel => ({
  id,
  type: 'text',
  gridPos: { x, y, w, h },
  ...more,
});

const SECTIONS: GrafanaDashboard = {
  title: 'kept',
  panels: [
    panel(1, 0, 0, 12, 8),
    panel(2, 12, 0, 12, 8),
    panel(10, 0, 8, 24, 1, { type: 'row' }),
    panel(3, 0, 9, 24, 5),
    panel(20, 0, 14, 24, 1, { type: 'row', collapsed: true, panels: [panel(4, 0, 15, 24, 6)] }),
    panel(30, 0, 15, 24, 1, { type: 'row' }),
    panel(5, 0, 16, 24, 5),
  ],
};

/** Lines of all panels by id, those in folded rows too. */
function lines({ panels = [] }: GrafanaDashboard): Record<number, number> {
  return Object.fromEntries(
    panels.flatMap((one) => [one, ...(one.panels ?? [])]).map(({ id, gridPos }) => [id, gridPos!.y]),
  );
}

describe('sections', () => {
  test.each([
    ['stay where nothing moves', 1, { section: 0, x: 0, y: 0, w: 12, h: 8 }, {}],
    ['move down with what grows above', 1, { section: 0, x: 0, y: 0, w: 12, h: 10 }, { 10: 10, 3: 11, 20: 16, 4: 17, 30: 17, 5: 18 }],
    ['give and take', 3, { section: 0, x: 0, y: 0, w: 24, h: 5 }, { 3: 0, 1: 5, 2: 5, 10: 13, 20: 14, 4: 15, 30: 15, 5: 16 }],
    ['that are folded take one in', 3, { section: 20, x: 0, y: 0, w: 24, h: 5 }, { 20: 9, 3: 10, 4: 15, 30: 10, 5: 11 }],
  ])('%s', (_, id, to, changes) => {
    const after = movePanel(SECTIONS, id, to);
    expect(lines(after)).toEqual({ ...lines(SECTIONS), ...changes });
    expect(after.title).toBe('kept');
    expect(placeOf(after, id)).toEqual(to);
    const shown = parseDashboard('x', after).sections.find(({ panels }) => panels.some((one) => one.id === id));
    expect(shown!.id).toBe(to.section);
  }); // prettier-ignore

  test('what did not move is the same object', () => {
    const after = movePanel(SECTIONS, 5, { section: 30, x: 0, y: 0, w: 12, h: 5 });
    expect(after.panels!.filter((one, i) => one !== SECTIONS.panels![i]).map(({ id }) => id)).toEqual([5]);
  });

  test('an unknown panel or section changes nothing', () => {
    expect(movePanel(SECTIONS, 99, { section: 0, x: 0, y: 0, w: 1, h: 1 })).toBe(SECTIONS);
    expect(movePanel(SECTIONS, 1, { section: 99, x: 0, y: 0, w: 1, h: 1 })).toBe(SECTIONS);
  });
});

test.each<[number, Step, object]>([
  [2, 'left', { x: 11, y: 0 }],
  [1, 'left', { x: 0, y: 0 }],
  [1, 'right', { x: 1, y: 0 }],
  [1, 'wider', { w: 13 }],
  [2, 'wider', { w: 12, x: 12 }],
  [1, 'narrower', { w: 11 }],
  [1, 'lower', { h: 9 }],
  [1, 'higher', { h: 7 }],
  [1, 'down', { section: 10, y: 0 }],
  [3, 'up', { section: 0, y: 8 }],
  [1, 'up', { section: 0, y: 0 }],
  [5, 'down', { section: 30, y: 0 }],
])('panel %i one step %s', (id, step, expected) => {
  expect(placeOf(nudgePanel(SECTIONS, id, step), id)).toMatchObject(expected);
});

test('steps down go past the next panel, and up again', () => {
  const stack: GrafanaDashboard = { panels: [panel(1, 0, 0, 24, 4), panel(2, 0, 4, 24, 6)] };
  const down = nudgePanel(stack, 1, 'down');
  expect(lines(down)).toEqual({ 1: 6, 2: 0 });
  expect(lines(nudgePanel(down, 1, 'up'))).toEqual(lines(stack));
});

describe('a folded row', () => {
  const after: GrafanaDashboard = { panels: [...SECTIONS.panels!.slice(0, 5), panel(6, 0, 15, 24, 4)] };
  const shown = (dashboard: GrafanaDashboard) =>
    parseDashboard('x', dashboard).sections.map(({ id, startsCollapsed, panels }) => [id, startsCollapsed, panels.map((one) => one.id)]);

  test('does not take in what comes after it', () => {
    expect(shown(after)).toEqual([[0, false, [1, 2]], [10, false, [3]], [20, true, [4]], [-20, false, [6]]]);
    expect(shown(movePanel(after, 6, { section: -20, x: 0, y: 0, w: 12, h: 4 }))).toEqual(shown(after));
  });
  test('has it when it is unfolded', () => {
    expect(shown(foldRow(after, 20, false))).toEqual([[0, false, [1, 2]], [10, false, [3]], [20, false, [4, 6]]]);
  });
  test('holds its panels, and what is below moves up', () => {
    const folded = foldRow(SECTIONS, 10, true);
    expect(folded.panels!.find(({ id }) => id === 10)).toMatchObject({ collapsed: true, panels: [{ id: 3 }] });
    expect(lines(folded)).toEqual({ 1: 0, 2: 0, 10: 8, 3: 9, 20: 9, 4: 10, 30: 10, 5: 11 });
    expect(lines(foldRow(folded, 10, false))).toEqual(lines(SECTIONS));
  });
}); // prettier-ignore
