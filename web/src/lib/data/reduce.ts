/** Many values to one: for stat panels, footers, legends and the transformation of this name. */
import { numberOf } from './frame';

/** Grafana's ids, and what people call them. */
export const REDUCERS: Record<string, string> = {
  lastNotNull: 'Last',
  last: 'Last with nothing',
  firstNotNull: 'First',
  first: 'First with nothing',
  sum: 'Sum',
  mean: 'Mean',
  median: 'Median',
  min: 'Min',
  max: 'Max',
  range: 'Range',
  count: 'Count',
  distinctCount: 'Distinct',
};

export function reduce(id: string, values: unknown[]): unknown {
  const present = values.filter((value) => value != null);
  switch (id) {
    case 'last':
      return values.at(-1) ?? null;
    case 'first':
      return values[0] ?? null;
    case 'lastNotNull':
      return present.at(-1) ?? null;
    case 'firstNotNull':
      return present[0] ?? null;
    case 'count':
      return values.length;
    case 'distinctCount':
      return new Set(values).size;
  }
  const numbers = present.map(numberOf).filter((number): number is number => number !== null);
  if (numbers.length === 0) return null;
  // Not by spreading into `Math.min`: a hundred thousand arguments overflow the stack.
  const [least, most, sum] = numbers.reduce(
    ([least, most, sum], n) => [Math.min(least, n), Math.max(most, n), sum + n],
    [Infinity, -Infinity, 0],
  );
  switch (id) {
    case 'sum':
      return sum;
    case 'mean':
      return sum / numbers.length;
    case 'min':
      return least;
    case 'max':
      return most;
    case 'range':
      return most - least;
    case 'median': {
      const sorted = numbers.sort((a, b) => a - b);
      const middle = sorted.length >> 1;
      return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
    }
    default:
      return null;
  }
}
