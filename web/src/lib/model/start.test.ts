import { expect, test } from 'vitest';
import { figuresOf } from './start';

const days = [
  { day: '2026-06-01', values: { events: 10 } },
  { day: '2026-06-08', values: { events: 20 } },
  { day: '2026-06-15', values: { events: 5 } },
];

test('today beside the same weekday', () => {
  const [figure] = figuresOf(days, '2026-06-15', ['events']);
  expect([figure!.today, figure!.usual]).toEqual([5, 15]);
  expect(figure!.line).toEqual([0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 5]);
});

test('the first week has nothing to compare with', () => {
  expect(figuresOf(days.slice(2), '2026-06-15', ['events'])[0]!.usual).toBeNull();
});
