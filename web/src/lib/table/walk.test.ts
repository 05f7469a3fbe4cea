import { expect, test } from 'vitest';
import { scrolled, walked, within } from './walk';

const size = { rows: 100, columns: 4, page: 10 };

test.each([
  ['ArrowDown', { row: 0, at: 0 }, { row: 1, at: 0 }],
  ['ArrowDown', { row: 99, at: 0 }, { row: 99, at: 0 }],
  ['ArrowUp', { row: 0, at: 2 }, { row: 0, at: 2 }],
  ['ArrowRight', { row: 5, at: 2 }, { row: 5, at: 3 }],
  ['ArrowRight', { row: 5, at: 3 }, { row: 5, at: 3 }],
  ['ArrowLeft', { row: 5, at: 0 }, { row: 5, at: 0 }],
  ['PageDown', { row: 95, at: 1 }, { row: 99, at: 1 }],
  ['PageUp', { row: 15, at: 1 }, { row: 5, at: 1 }],
  ['Home', { row: 5, at: 3 }, { row: 5, at: 0 }],
  ['End', { row: 5, at: 1 }, { row: 5, at: 3 }],
  ['x', { row: 5, at: 1 }, null],
])('%s from %j', (key, from, expected) => {
  expect(walked({ key, ctrlKey: false }, from, size)).toEqual(expected);
});

test.each([
  ['ArrowUp', { row: 0, at: 2 }, { row: -1, at: 2 }],
  ['ArrowUp', { row: -1, at: 2 }, { row: -1, at: 2 }],
  ['ArrowRight', { row: -1, at: 2 }, { row: -1, at: 3 }],
  ['ArrowDown', { row: -1, at: 2 }, { row: 0, at: 2 }],
  ['PageUp', { row: 5, at: 2 }, { row: 0, at: 2 }],
])('with headers, %s from %j', (key, from, expected) => {
  expect(walked({ key, ctrlKey: false }, from, { ...size, first: -1 })).toEqual(expected);
});

test.each([
  ['Home', { row: 50, at: 2 }, { row: 0, at: 0 }],
  ['End', { row: 50, at: 2 }, { row: 99, at: 3 }],
  ['ArrowDown', { row: 50, at: 2 }, null],
])('Ctrl+%s from %j', (key, from, expected) => {
  expect(walked({ key, ctrlKey: true }, from, { ...size, first: -1 })).toEqual(expected);
});

test('what is gone leads to what is nearest', () => {
  expect(within({ row: 7, at: 9 }, { rows: 3, columns: 2 })).toEqual({ row: 2, at: 1 });
  expect(within({ row: 7, at: 9 }, { rows: 0, columns: 2, first: -1 })).toEqual({ row: -1, at: 1 });
});

test.each([
  ['in sight', 130, 160, 100],
  ['before', 40, 70, 40],
  ['behind', 200, 230, 140],
])('what is %s', (_, start, end, expected) => {
  expect(scrolled(100, 90, start, end)).toBe(expected);
});
