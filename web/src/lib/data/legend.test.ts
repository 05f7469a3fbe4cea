import { expect, test } from 'vitest';
import { legendOrder, type LegendOptions } from './legend';

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
