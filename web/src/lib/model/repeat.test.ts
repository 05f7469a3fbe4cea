import { expect, test } from 'vitest';
import { parseDashboard } from './dashboard';
import { hasRepeats, repeated, type Scoped } from './repeat';

const panel = (id: number, x: number, y: number, w: number, more = {}) => ({ id, type: 'stat', gridPos: { x, y, w, h: 4 }, ...more }); // prettier-ignore
const people: Scoped[] = ['5', '7', '9', '11', '13'].map((value) => ({ value, text: `Person ${value}` }));

function shown(panels: object[], values: Scoped[] | null) {
  const sections = repeated(parseDashboard('x', { panels }).sections, () => values);
  return sections.map(({ scope, panels }) => [
    Object.values(scope).map((scoped) => scoped?.value),
    ...panels.map(({ id, fileId, scope, grid: { x, y, w } }) =>
      [id, fileId, scope.users?.value ?? '-', x, y, w].join(' '),
    ),
  ]);
}

test('beside each other, and what is below moves down', () => {
  const panels = [panel(1, 0, 0, 8, { repeat: 'users', maxPerRow: 3 }), panel(2, 0, 4, 24)];
  expect(shown(panels, people)).toEqual([[[],
    '1 1 5 0 0 8', '1000001 1 7 8 0 8', '2000001 1 9 16 0 8', '3000001 1 11 0 4 8', '4000001 1 13 8 4 8',
    '2 2 - 0 8 24']]); // prettier-ignore
});

test('below each other', () => {
  const panels = [panel(1, 3, 0, 8, { repeat: 'users', repeatDirection: 'v' })];
  expect(shown(panels, people.slice(0, 2))).toEqual([[[], '1 1 5 3 0 8', '1000001 1 7 3 4 8']]);
});

test.each([
  ['nothing to choose from', [], '1 1 - 0 0 24'],
  ['one value', people.slice(0, 1), '1 1 5 0 0 24'],
  ['values that are not known yet', null, '1 1 - 0 0 24'],
])('%s', (_, values, expected) => {
  expect(shown([panel(1, 0, 0, 8, { repeat: 'users' })], values)).toEqual([[[], expected]]);
});

test('rows with their panels', () => {
  const row = {
    id: 9,
    type: 'row',
    title: 'Of $users',
    repeat: 'users',
    gridPos: { x: 0, y: 4, w: 24, h: 1 },
  };
  const panels = [panel(1, 0, 0, 24), row, panel(2, 0, 5, 24)];
  expect(hasRepeats(parseDashboard('x', { panels }).sections)).toBe(true);
  expect(shown(panels, people.slice(0, 2))).toEqual([
    [[], '1 1 - 0 0 24'],
    [['5'], '2 2 5 0 0 24'],
    [['7'], '1000002 2 7 0 0 24'],
  ]);
});
