import { expect, test } from 'vitest';
import type { Frame } from '../data/frame';
import { barsIn, barWithin, lanesOf, timeTicks, walkedBars, type Bar } from './timeline';

const frame = (rows: unknown[][], names = ['timestamp', 'scope', 'duration']): Frame => ({
  refId: 'A',
  columns: names.map((name) => ({
    name,
    type: '',
    kind: name === 'timestamp' ? 'time' : name === 'duration' ? 'number' : 'text',
  })),
  rows,
});

test('a lane for each kind, most events first', () => {
  const rows = [[30, 'zoom', 0], [10, 'draw', 5], [20, 'draw', null], [null, 'draw', 0]]; // prettier-ignore
  expect(lanesOf(frame(rows))).toEqual([
    { name: 'draw', marks: [{ row: 1, fromMs: 10, toMs: 15 }, { row: 2, fromMs: 20, toMs: 20 }] },
    { name: 'zoom', marks: [{ row: 0, fromMs: 30, toMs: 30 }] },
  ]); // prettier-ignore
  expect(lanesOf(frame([['a', 'b']], ['x', 'y']))).toBeNull();
});

test('more kinds than can be read share a lane', () => {
  const rows = Array.from({ length: 40 }, (_, i) => [i, `kind ${i}`, 0]);
  const lanes = lanesOf(frame(rows))!;
  expect([lanes.length, lanes.at(-1)!.name, lanes.at(-1)!.marks.length]).toEqual([30, '11 others', 11]);
});

test.each([
  ['one', [[0, 0]], '0+3 (1)'],
  ['near ones are one', [[0, 0], [20, 0], [900, 0]], '0+5 (2) 90+3 (1)'],
  ['as long as it lasts', [[100, 600]], '10+50 (1)'],
  ['what is beyond is cut', [[-500, 200], [950, 2000], [3000, 3000]], '0+20 (1) 95+5 (1)'],
])('%s', (_, spans, expected) => {
  const marks = spans.map(([fromMs, toMs], row) => ({ row, fromMs: fromMs!, toMs: Math.max(fromMs!, toMs!) }));
  const bars = barsIn(marks, { from: 0, to: 1000 }, 100);
  expect(bars.map(({ xPx, widthPx, marks }) => `${xPx}+${widthPx} (${marks.length})`).join(' ')).toBe(expected);
}); // prettier-ignore

test.each([
  [Date.UTC(2026, 5, 1, 9, 10), Date.UTC(2026, 5, 1, 12, 10), 4, '10:00 11:00 12:00'],
  [Date.UTC(2026, 5, 1, 9), Date.UTC(2026, 5, 4, 9), 4, '00:00 00:00 00:00'],
])('ticks from %i to %i, at most %i', (from, to, nMost, expected) => {
  const { at } = timeTicks({ from, to }, nMost, 'utc');
  expect(at.map((instant) => new Date(instant).toISOString().slice(11, 16)).join(' ')).toBe(expected);
});

const LANES: Bar[][] = [[0, 50, 90], [], [48]].map((lane) =>
  lane.map((xPx) => ({ xPx, widthPx: 3, marks: [] })),
);

test.each([
  ['ArrowRight', '0-0', '0-1'],
  ['ArrowRight', '0-2', '0-2'],
  ['ArrowLeft', '0-0', '0-0'],
  ['End', '0-0', '0-2'],
  ['Home', '0-2', '0-0'],
  // Over a lane with nothing in sight, to what is nearest.
  ['ArrowDown', '0-2', '2-0'],
  ['ArrowDown', '2-0', '2-0'],
  ['ArrowUp', '2-0', '0-1'],
  ['x', '0-0', null],
])('%s leads from the bar %s to %s', (key, from, expected) => {
  const [lane, bar] = from.split('-').map(Number) as [number, number];
  const to = walkedBars(key, { lane, bar }, LANES);
  expect(to && `${to.lane}-${to.bar}`).toBe(expected);
});

test.each([
  [
    { lane: 0, bar: 7 },
    { lane: 0, bar: 2 },
  ],
  [
    { lane: 1, bar: 0 },
    { lane: 0, bar: 0 },
  ],
])('of %j what is there is %j', (chosen, expected) => {
  expect(barWithin(chosen, LANES)).toEqual(expected);
  expect(barWithin(chosen, [[], []])).toBeNull();
});
