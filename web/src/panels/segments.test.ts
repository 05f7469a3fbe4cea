import { expect, test } from 'vitest';
import { trace, type Pen } from './segments';

/** Writes down what it draws: each line from where the pen was put down. */
function pen(): Pen & { drawn: string[] } {
  const drawn: string[] = [];
  return {
    drawn,
    moveTo: (x, y) => void drawn.push(`${x},${y}`),
    lineTo: (x, y) => void drawn.push(`${drawn.pop()} ${x},${y}`),
  };
}

/** Index i is at x = 10 i, a value v at y = 100 - v. */
function traced(values: (number | null)[], spansGaps = false) {
  const [stroke, fill] = [pen(), pen()];
  const place = { xOf: (i: number) => 10 * i, yOf: (value: number) => 100 - value, bottom: 100 };
  trace(values, [0, values.length - 1], place, { stroke, fill }, spansGaps);
  return { stroke: stroke.drawn, fill: fill.drawn };
}

test.each<[string, (number | null)[], boolean, string[], string[]]>([
  ['nothing', [null, null], false, [], []],
  ['a line', [1, 2, 3], false, ['0,99 10,98 20,97'], ['0,100 0,99 10,98 20,97 20,100']],
  ['one value', [5], false, ['-2,95 2,95'], ['-2,100 -2,95 2,95 2,100']],
  ['a value between gaps', [null, 5, null], false, ['8,95 12,95'], ['8,100 8,95 12,95 12,100']],
  ['one at the end', [1, 2, null, 5], false, ['0,99 10,98', '28,95 32,95'],
    ['0,100 0,99 10,98 10,100', '28,100 28,95 32,95 32,100']],
  ['a gap that is drawn through', [1, null, 3], true, ['0,99 20,97'], ['0,100 0,99 20,97 20,100']],
  ['one value though gaps are drawn through', [null, 5, null], true, ['8,95 12,95'], ['8,100 8,95 12,95 12,100']],
])('%s', (_, values, spansGaps, stroke, fill) => {
  expect(traced(values, spansGaps)).toEqual({ stroke, fill });
}); // prettier-ignore
