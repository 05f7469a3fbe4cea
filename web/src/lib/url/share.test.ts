import { expect, test } from 'vitest';
import { sharedView } from './share';
import { format, parse } from './state';

const range = { from: 1_000, to: 2_000 };
const rawRange = { from: 'now-7d', to: 'now' };

test.each([
  ['fixed', 'Asia/Kolkata', '?from=1000&to=2000&timezone=Asia%2FKolkata&var-users=5'],
  ['moving', 'utc', '?from=now-7d&to=now&timezone=utc&var-users=5'],
] as const)('%s dates in %s', (dates, zone, search) => {
  const view = parse('/analytics/d/timesheet', '?var-users=5');
  expect(format(sharedView(view, { rawRange, range, zone }, dates))).toBe(`/analytics/d/timesheet${search}`);
});

test('the zone of the browser is named', () => {
  const view = sharedView(parse('/analytics/d/x', ''), { rawRange, range, zone: 'browser' }, 'moving');
  expect(view.zone).not.toBe('browser');
});
