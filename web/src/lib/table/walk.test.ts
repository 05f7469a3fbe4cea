import { expect, test } from 'vitest';
import { scrolled, walked } from './walk';

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
  expect(walked(key, from, size)).toEqual(expected);
});

test.each([
  ['in sight', 130, 160, 100],
  ['before', 40, 70, 40],
  ['behind', 200, 230, 140],
])('what is %s', (_, start, end, expected) => {
  expect(scrolled(100, 90, start, end)).toBe(expected);
});
