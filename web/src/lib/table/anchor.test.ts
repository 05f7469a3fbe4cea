import { expect, test } from 'vitest';
import { kindOf, type Frame } from '../data/frame';
import { moved, type Listed } from './anchor';

const listed = (ids: string[]): Listed => {
  const columns = [{ name: 'id', type: 'String', kind: kindOf('String') }];
  const frame: Frame = { refId: 'A', columns, rows: ids.map((id) => [id]) };
  return { frame, rows: frame.rows };
};

test.each<[string[], string[], number[], (number | null)[]]>([
  [
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    [0, 2],
    [0, 2],
  ],
  [
    ['a', 'b', 'c'],
    ['x', 'a', 'b', 'c'],
    [0, 2],
    [1, 3],
  ],
  [
    ['a', 'b', 'c'],
    ['c', 'a'],
    [1, 2],
    [null, 0],
  ],
  [['a'], ['a'], [5], [5]],
  [['a', 'b'], [], [1], [null]],
])('of %j, in %j the rows %j are at %j', (before, now, places, expected) => {
  expect(moved(listed(before), listed(now), places)).toEqual(expected);
});

test('rows that are the same are not looked for', () => {
  const before = listed(['a', 'b']);
  const now = { frame: before.frame, rows: [...before.rows, ['c']] };
  expect(moved(before, now, [0, 1])).toEqual([0, 1]);
});
