import { expect, test } from 'vitest';
import type { Interpolation } from '../lib/panels/style';
import { loneAt, trace, type Pen } from './segments';

/** Writes down what it draws: each line from where the pen was put down, curves with where they are held. */
function pen(): Pen & { drawn: string[] } {
  const drawn: string[] = [];
  const round = (n: number) => Number(n.toFixed(2));
  return {
    drawn,
    moveTo: (x, y) => void drawn.push(`${x},${y}`),
    lineTo: (x, y) => void drawn.push(`${drawn.pop()} ${x},${y}`),
    bezierCurveTo: (_x1, y1, _x2, y2, x, y) => void drawn.push(`${drawn.pop()} (${round(y1)} ${round(y2)}) ${x},${y}`),
  };
} // prettier-ignore

/** Index i is at x = 10 i, a value v at y = 100 - v. */
function traced(values: (number | null)[], spansGaps = false, interpolation: Interpolation = 'linear') {
  const [stroke, fill] = [pen(), pen()];
  const place = { xOf: (i: number) => 10 * i, yOf: (value: number) => 100 - value, bottom: 100 };
  trace(values, [0, values.length - 1], place, { stroke, fill }, { spansGaps, interpolation });
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

test.each<[Interpolation, (number | null)[], string[]]>([
  ['stepBefore', [1, 2, 3], ['0,99 0,98 10,98 10,97 20,97']],
  ['stepAfter', [1, 2, null, 3], ['0,99 10,99 10,98', '28,97 32,97 32,97']],
  ['smooth', [1, 2], ['0,99 10,98']],
  // On a straight line it is one, and it does not swing beyond a value that is the highest.
  ['smooth', [0, 3, 6], ['0,100 (99 98) 10,97 (96 95) 20,94']],
  ['smooth', [0, 3, 0], ['0,100 (99 97) 10,97 (97 99) 20,100']],
])('%s of %j', (interpolation, values, stroke) => {
  expect(traced(values, false, interpolation).stroke).toEqual(stroke);
});

test.each([
  [[1, 2], false, []],
  [[null, 5, null], false, [1]],
  [[5, null, 6, 7, null, 8], false, [0, 5]],
  [[5, null, 6], true, []],
  [[null, 5, null], true, [1]],
])('%j (drawn through gaps: %s) has points at %j', (values, spansGaps, expected) => {
  expect(loneAt(values, spansGaps)).toEqual(expected);
});
