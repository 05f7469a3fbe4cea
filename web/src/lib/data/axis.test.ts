import { expect, test } from 'vitest';
import { axisRange, isWhole, ticksOf } from './axis';

test.each<[[number, number], number, Parameters<typeof ticksOf>[2], string]>([
  [[0, 13], 6, {}, '0 5 10'],
  [[0, 13], 7, {}, '0 2 4 6 8 10 12'],
  [[0, 2.1], 6, { isWhole: true }, '0 1 2'],
  [[0, 1.06], 6, { isWhole: true }, '0 1'],
  [[0, 1.06], 6, {}, '0 0.2 0.4 0.6 0.8 1.0'],
  [[0, 1.06], 6, { decimals: 0 }, '0 1'],
  [[0, 0.9], 6, { unit: 'percentunit', decimals: 0 }, '0 20% 40% 60% 80%'],
  [[0, 0.02], 4, { unit: 'percentunit' }, '0 0.5% 1.0% 1.5% 2.0%'],
  [[0, 1500], 4, { unit: 'short', decimals: 0, isWhole: true }, '0 0.5 k 1.0 k 1.5 k'],
  [[0, 40_000], 4, { unit: 'short', isWhole: true }, '0 10 k 20 k 30 k 40 k'],
  [[0, 100], 4, { unit: 's' }, '0 0.5 min 1.0 min 1.5 min'],
  [[0, 3000], 4, { unit: 'bytes' }, '0 1 KiB 2 KiB'],
  [[-1, 1], 4, {}, '-1.0 -0.5 0 0.5 1.0'],
  [[0.3, 0.31], 4, {}, '0.300 0.305 0.310'],
])('%j in %i ticks of %j', (range, nMost, style, expected) => {
  const { at, texts } = ticksOf(range, nMost, style);
  expect(texts.join(' ')).toBe(expected);
  expect(new Set(texts).size).toBe(at.length);
});

test('texts say where the ticks are', () => {
  for (let high = 0.0013; high < 1e7; high *= 1.7) {
    for (const decimals of [null, 0, 2]) {
      const { at, texts } = ticksOf([0, high], 5, { decimals });
      expect(texts.map((text) => Number(text.replaceAll(',', '')))).toEqual(at);
      expect(at.length).toBeLessThanOrEqual(6);
    }
  }
});

test.each([
  [0, 10, {}, [0, 10.6]],
  [-2, 10, {}, [-2, 10.72]],
  [null, null, {}, [0, 1.06]],
  [0, 0, {}, [0, 1]],
  [3, 10, { min: 2, max: 8 }, [2, 8]],
  [0, 10, { custom: { axisSoftMax: 100 } }, [0, 106]],
  [-2, 10, { custom: { axisCenteredZero: true } }, [-10, 11.2]],
])('%s to %s of %j', (least, most, config, expected) => {
  expect(axisRange(least, most, config)).toEqual(expected);
});

test.each([
  [[[1, 2, null]], 'short', true],
  [[[1, 2.5]], '', false],
  [[[1, 2]], 'h', false],
])('%j of %s are counted: %s', (values, unit, expected) => expect(isWhole(values, { unit })).toBe(expected));
