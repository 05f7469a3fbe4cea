import { expect, test } from 'vitest';
import { hiddenSeries, isolated, legendOrder, toggled, type LegendOptions } from './legend';

const entries = [
  { label: 'b', values: [1, 2] },
  { label: 'c', values: [9, null] },
  { label: 'a', values: [null, 4] },
];

test.each<[LegendOptions, string]>([
  [{}, 'bca'],
  [{ sortBy: 'Nonsense' }, 'bca'],
  [{ sortBy: 'Total', sortDesc: true }, 'cab'],
  [{ sortBy: 'Total' }, 'bac'],
  [{ sortBy: 'Last *', sortDesc: true }, 'cab'],
  [{ sortBy: 'Last', sortDesc: true }, 'abc'],
  [{ sortBy: 'Name', sortDesc: true }, 'cba'],
])('%j', (options, expected) => {
  expect(
    legendOrder(entries, options)
      .map(({ label }) => label)
      .join(''),
  ).toBe(expected);
});

test.each<[string | null, string[], string[]]>([
  [null, [], []],
  [null, ['b'], ['b']],
  ['b', [], ['a', 'c']],
  ['b', ['b'], ['a', 'c']],
  ['gone', ['c'], ['c']],
])('with %s alone and %j hidden, %j are not drawn', (only, hidden, expected) => {
  expect([...hiddenSeries(['a', 'b', 'c'], { only, hidden })]).toEqual(expected);
});

test.each([
  [
    { only: null, hidden: [] },
    { only: 'b', hidden: [] },
    { only: null, hidden: ['b'] },
  ],
  [
    { only: 'b', hidden: [] },
    { only: null, hidden: [] },
    { only: null, hidden: ['a', 'c', 'b'] },
  ],
  [
    { only: 'a', hidden: [] },
    { only: 'b', hidden: [] },
    { only: null, hidden: ['c'] },
  ],
  [
    { only: null, hidden: ['b'] },
    { only: 'b', hidden: [] },
    { only: null, hidden: [] },
  ],
  [
    { only: null, hidden: ['a', 'c'] },
    { only: null, hidden: [] },
    { only: null, hidden: ['a', 'c', 'b'] },
  ],
])('of %j a click on b makes %j, and one with Ctrl %j', (choice, alone, without) => {
  expect(isolated(['a', 'b', 'c'], choice, 'b')).toEqual(alone);
  expect(toggled(['a', 'b', 'c'], choice, 'b')).toEqual(without);
});
