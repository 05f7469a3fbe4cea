import { expect, test } from 'vitest';
import { aboutLines, fileTitle, rangeInFull, type About } from './about';
import { fileName } from './download';

const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
const about: About = {
  title: 'Timesheet',
  range: { from: day('2026-06-01'), to: day('2026-06-08') - 1 },
  zone: 'utc',
  filters: [
    { label: 'User', text: 'Lena #5, Omar #7', isAll: false },
    { label: 'Project', text: 'all', isAll: true },
  ],
  atMs: day('2026-06-09') + 60_000,
};

test.each([
  ['utc', day('2026-06-01'), day('2026-06-08') - 1, '2026-06-01 – 2026-06-07'],
  ['utc', day('2026-06-01'), day('2026-06-02') - 1, '2026-06-01'],
  ['utc', day('2026-06-01') + 60_000, day('2026-06-02'), '2026-06-01 00:01 – 2026-06-02 00:00'],
  // A day of 25 hours.
  ['Europe/Berlin', Date.parse('2026-10-25T00:00+02:00'), Date.parse('2026-10-26T00:00+01:00') - 1, '2026-10-25'],
] as const)('in %s %d to %d is %s', (zone, from, to, text) => {
  expect(rangeInFull({ from, to }, zone)).toBe(text);
}); // prettier-ignore

test('what is said on top', () => {
  expect(aboutLines(about)).toEqual([
    ['Time range', '2026-06-01 – 2026-06-07 (UTC)'],
    ['Filters', 'User: Lena #5, Omar #7'],
    ['Made', '2026-06-09 00:01'],
  ]);
  expect(aboutLines({ ...about, filters: [] })[1]![1]).toBe('none: all is shown');
});

test('what a file is called', () => {
  expect(fileName(fileTitle('Hours', about), 'xlsx')).toBe('Hours-2026-06-01-to-2026-06-07-User-Lena-5-Omar-7.xlsx'); // prettier-ignore
  const many = { label: 'User', text: 'x'.repeat(200), isAll: false };
  expect(fileTitle('Hours', { ...about, filters: [many] })).toMatch(/^Hours .* and more$/);
});
