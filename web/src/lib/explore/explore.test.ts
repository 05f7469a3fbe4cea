import { expect, test } from 'vitest';
import { format, parse } from '../url/state';
import { emptyExplore, viewOf } from './address';
import { eventsSql } from './events';
import { MOST_ASKED, remembered, shortened } from './history';

test.each([
  '/analytics/explore',
  '/analytics/explore?as=timeline&sql=SELECT+1',
  '/analytics/explore?org=shop&from=now-1h&to=now&timezone=utc&as=chart&sql=SELECT+1%0A%26%3F',
])('%s is the same again', (address) => {
  const url = new URL(address, 'http://x');
  expect(format(parse(url.pathname, url.search))).toBe(address);
});

test('other pages are none of it', () => {
  expect(parse('/analytics/d/explore', '?sql=x').explore).toBeNull();
  expect(parse('/analytics/', '').explore).toBeNull();
});

test.each([
  ['SELECT scope FROM events', null, 'table'],
  ['SELECT $__timeInterval(timestamp) AS t', null, 'chart'],
  ['SELECT $__timeInterval_ms(timestamp) AS t', 'table', 'table'],
] as const)('%s, chosen %s, is shown as a %s', (sql, as, expected) => {
  expect(viewOf({ ...emptyExplore(), sql, as })).toBe(expected);
});

test('what was asked is kept once, the last first', () => {
  const first = remembered(remembered([], ' a ', 1), 'b', 2);
  expect(remembered(first, 'a\n', 3)).toEqual([{ sql: 'a', atMs: 3 }, { sql: 'b', atMs: 2 }]); // prettier-ignore
  expect(remembered(first, ' ', 3)).toEqual(first);
  const many = Array.from({ length: 80 }, (_, i) => i).reduce(
    (list, i) => remembered(list, `${i}`, i),
    first,
  );
  expect(many).toHaveLength(MOST_ASKED);
});

test.each([
  ['SELECT 1\n  FROM events', 90, 'SELECT 1 FROM events'],
  ['SELECT 1', 5, 'SELE…'],
])('%j in %i characters is %s', (sql, most, expected) => expect(shortened(sql, most)).toBe(expected));

test.each([
  ['user_id', ' #5 ', 'user_id = 5'],
  ['request_id', "a'b\\", "request_id = 'a\\'b\\\\'"],
  ['job_id', '5 OR 1', null],
  ['user_id', '', null],
] as const)('events of the %s %j are where %s', (subject, id, condition) => {
  const sql = eventsSql(subject, id);
  if (condition === null) expect(sql).toBeNull();
  else expect(sql).toContain(`AND ${condition}\nORDER BY`);
});
