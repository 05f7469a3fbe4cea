import { expect, test } from 'vitest';
import { format, ofDashboard, ofStart, parse } from './state';

const PATH = '/analytics/d/all-events';

test.each([
  ['', {}],
  [
    '?from=now-7d&to=now&timezone=utc&refresh=30s',
    { from: 'now-7d', to: 'now', zone: 'utc', refresh: '30s' },
  ],
  ['?var-users=5&var-users=7&var-tasks=', { choices: { users: ['5', '7'], tasks: [] } }],
  ['?var-users=%24__all', { choices: { users: ['$__all'] } }],
  ['?sort.4=-count%28%29&viewPanel=4', { viewPanel: 4, sorts: { 4: '-count()' } }],
  ['?org=acme&from=now-7d', { org: 'acme', from: 'now-7d' }],
  ['?timezone=Asia%2FKolkata', { zone: 'Asia/Kolkata' }],
  ['?hours.1=decimal&open.1=*%2C5', { looks: { 1: { format: 'decimal', opened: { isAll: true } } } }],
  ['?request=7a.b.-5', { request: { id: '7a.b', atMs: -5, event: null } }],
  ['?request=7a.12_6f-2c_h1a', { request: { id: '7a', atMs: 12, event: '12_6f-2c_h1a' } }],
  ['?cell=4.-12_6f2c-4f_77.a.b', { cell: { panel: 4, row: '-12_6f2c-4f_77', column: 'a.b' } }],
  ['?cell=4.h1a2.a', { cell: { panel: 4, row: 'h1a2', column: 'a' } }],
  ['?annotations.Days+off=off&annotations.b=on', { annotations: { 'Days off': false, b: true } }],
  [
    '?find.2=lena&hide.2=payload',
    { panels: { 2: { search: 'lena', filters: {}, hidden: ['payload'], only: null } } },
  ],
])('%s keeps what it says', (search, expected) => {
  const state = parse(PATH, search);
  expect(state).toMatchObject({ uid: 'all-events', ...expected });
  expect(format(state)).toBe(PATH + search);
});

test.each([
  ['?viewPanel=panel-4', { viewPanel: 4 }],
  ['?viewPanel=x&cell=4&sort.x=a', { viewPanel: null, cell: null, sorts: {} }],
])('%s is understood', (search, expected) => {
  expect(parse(PATH, search)).toMatchObject(expected);
});

test('paths', () => {
  expect(parse('/analytics/', '').uid).toBeNull();
  expect(parse('/analytics/d/a%2Fb/slug', '').uid).toBe('a/b');
  expect(format(parse('/analytics/', '?from=now-1h'))).toBe('/analytics/');
});

test('the organization stays while one goes around', () => {
  const state = parse(PATH, '?org=acme&var-users=5');
  expect(format(ofStart(state))).toBe('/analytics/?org=acme');
  expect(format(ofDashboard('other', ofStart(state)))).toBe('/analytics/d/other?org=acme');
  expect(format(parse('/analytics/admin/users', '?org=acme'))).toBe('/analytics/admin?org=acme');
});

test.each(['', 'a b', 'ж', 'x\ny'])('%j is no organization', (slug) => {
  expect(parse('/analytics/', `?${new URLSearchParams({ org: slug })}`).org).toBeNull();
});

test('another dashboard keeps the time, not the filters', () => {
  const state = ofDashboard('other', parse(PATH, '?from=now-1h&to=now&var-users=5&viewPanel=4'));
  expect(format(state)).toBe('/analytics/d/other?from=now-1h&to=now');
});
