import { expect, test } from 'vitest';
import type { Annotation } from '../model/annotations';
import { marksOf } from './annotations';

const annotation = ([fromMs, toMs = fromMs]: number[]): Annotation => ({ list: 'L', color: 'red', text: '', tags: [], fromMs: fromMs!, toMs: toMs! }); // prettier-ignore

test.each([
  ['nothing', [], ''],
  ['instants and a span', [[500], [100, 400]], '10+30 (1) 50+0 (1)'],
  ['those that are near', [[500], [550], [900]], '50+0 (2) 90+0 (1)'],
  ['what reaches in, and what is beyond', [[-200, 300], [900, 2000], [3000]], '0+30 (1) 90+10 (1)'],
])('%s', (_, spans, expected) => {
  const marks = marksOf(spans.map(annotation), { from: 0, to: 1000 }, 100);
  expect(marks.map(({ xPx, widthPx, annotations }) => `${xPx}+${widthPx} (${annotations.length})`).join(' ')).toBe(expected);
}); // prettier-ignore
