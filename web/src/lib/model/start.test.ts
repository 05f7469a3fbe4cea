import { expect, test } from 'vitest';
import { comparedUntil, figuresOf, inOrder } from './start';

const days = [
  { day: '2026-06-01', values: { events: 10, events_before: 4 } },
  { day: '2026-06-08', values: { events: 20, events_before: 8 } },
  { day: '2026-06-15', values: { events: 5, events_before: 5 } },
];

test('today beside the same weekday, up to the same time', () => {
  const [figure] = figuresOf(days, '2026-06-15', ['events']);
  expect([figure!.today, figure!.usual]).toEqual([5, 6]);
  expect(figure!.line).toEqual([0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 5]);
});

test('the first week has nothing to compare with', () => {
  expect(figuresOf(days.slice(2), '2026-06-15', ['events'])[0]!.usual).toBeNull();
});

test.each([
  ['2026-06-14T00:04:00Z', 'utc', 0, '00:00'],
  ['2026-06-14T14:29:59Z', 'utc', 860, '14:20'],
  ['2026-06-14T14:29:59Z', 'Asia/Kolkata', 1190, '19:50'],
])('at %s in %s days are compared up to %d minutes', (now, zone, minutes, text) => {
  expect(comparedUntil(Date.parse(now), zone)).toEqual({ minutes, text });
});

test.each([
  [false, 'project team timesheet my-hours Our own Zebra'],
  [true, 'my-hours project team timesheet Our own Zebra'],
])('dashboards of who sees own events alone: %s', (seesOwnAlone, expected) => {
  const uids = ['Zebra', 'my-hours', 'timesheet', 'team', 'Our own', 'project'];
  const listed = inOrder(uids.map((uid) => ({ uid, title: uid })), seesOwnAlone); // prettier-ignore
  expect(listed.map(({ uid }) => uid).join(' ')).toBe(expected);
});
