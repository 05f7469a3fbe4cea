import { expect, test } from 'vitest';
import { NO_FILTER, type ColumnFilter } from '../table/view';
import { containing, filterConditions, literally, Params, searchCondition } from './conditions';
import { eventList } from './list';

const PLAIN = eventList('SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp DESC LIMIT 10')!;
const NAMED = eventList(`WITH task_names AS (SELECT task_id, name FROM events)
SELECT e.timestamp AS timestamp, e.scope, task_names.name AS task_name FROM (SELECT *, upper(scope) AS loud FROM events WHERE 1 = 1 ORDER BY timestamp DESC LIMIT 10) AS e
LEFT JOIN task_names ON task_names.task_id = e.task_id`)!;

const DAY = (text: string) => (text === 'day' ? { from: 1000, to: 1999 } : null);
const asked = (list: typeof PLAIN, name: string, filter: Partial<ColumnFilter>) => {
  const params = new Params();
  const conditions = filterConditions(list, { [name]: { ...NO_FILTER, ...filter } }, params, DAY);
  return [conditions, params.values];
};

test.each<[string, Partial<ColumnFilter>, string[], object]>([
  ['scope', { operand: 'dr%w_' }, ['scope ILIKE {p0:String}'], { p0: '%dr\\%w\\_%' }],
  ['scope', { operator: '=', operand: "it's" }, ['scope = {p0:String}'], { p0: "it's" }],
  ['scope', { operator: '≠', operand: 'a' }, ['scope IS NULL OR NOT (scope = {p0:String})'], { p0: 'a' }],
  ['scope', { operator: '>', operand: 'a' }, ['scope > {p0:String}'], { p0: 'a' }],
  ['obj_name', { operator: 'empty' }, ["obj_name IS NULL OR NOT (obj_name != '')"], {}],
  ['obj_name', { operator: 'not empty' }, ["obj_name != ''"], {}],
  ['user_id', { operator: 'empty' }, ['user_id IS NULL OR NOT (user_id IS NOT NULL)'], {}],
  ['duration', { operator: '>', operand: ' 5.5 ' }, ['duration > {p0:Float64}'], { p0: 5.5 }],
  ['user_id', { operator: '=', operand: '5' }, ['user_id = {p0:Int64}'], { p0: 5 }],
  ['user_id', { operator: '=', operand: 'le' }, [], {}],
  ['payload', { operand: 'a.b%' }, ['match(payload, {p0:String})'], { p0: '(?i)a\\.b%' }],
  ['user_id', { operand: '5' }, ['toString(user_id) ILIKE {p0:String}'], { p0: '%5%' }],
  ['scope', { values: ['a', 'b'] }, ['scope IN ({p0:String}, {p1:String})'], { p0: 'a', p1: 'b' }],
  ['user_id', { values: ['5', 'x'] }, ['user_id IN ({p0:Int64})'], { p0: 5 }],
  ['user_id', { values: [''] }, ['user_id IS NULL OR NOT (user_id IS NOT NULL)'], {}],
  [
    'obj_name',
    { values: ['', 'a'] },
    ["obj_name IS NULL OR NOT (obj_name != '' AND NOT (obj_name IN ({p0:String})))"],
    { p0: 'a' },
  ],
  [
    'scope',
    { values: ['a'], operator: '≠', operand: 'b' },
    ['scope IN ({p0:String})', 'scope IS NULL OR NOT (scope = {p1:String})'],
    { p0: 'a', p1: 'b' },
  ],
  ['timestamp', { operator: '>', operand: 'day' }, ['timestamp > fromUnixTimestamp64Milli({p0:Int64})'], { p0: 1999 }], // prettier-ignore
  [
    'timestamp',
    { operator: '=', operand: 'day' },
    [
      'timestamp >= fromUnixTimestamp64Milli({p0:Int64}) AND timestamp <= fromUnixTimestamp64Milli({p1:Int64})',
    ],
    { p0: 1000, p1: 1999 },
  ],
  ['timestamp', { operator: '<', operand: 'half a da' }, [], {}],
  ['scope', { operator: '=' }, [], {}],
  ['gone', { operand: 'a' }, [], {}],
])('%s with %j', (name, filter, conditions, params) => {
  expect(asked(PLAIN, name, filter)).toEqual([conditions, params]);
});

test.each<[Partial<ColumnFilter>, string]>([
  [{ operand: 'a' }, 'task_id IN (SELECT task_id FROM task_names WHERE task_names.name ILIKE {p0:String})'],
  [
    { operator: '≠', operand: 'a' },
    'task_id IS NULL OR task_id NOT IN (SELECT task_id FROM task_names WHERE task_names.name = {p0:String})',
  ],
  [
    { operator: 'empty' },
    "task_id IS NULL OR task_id NOT IN (SELECT task_id FROM task_names WHERE task_names.name != '')",
  ],
])('a name beside the events with %j', (filter, condition) => {
  expect(asked(NAMED, 'task_name', filter)[0]).toEqual([condition]);
});

test('a column of the panel’s own making is a text', () => {
  expect(asked(NAMED, 'loud', { operator: '>', operand: 'a' })[0]).toEqual(['toString(loud) > {p0:String}']);
});

test.each([
  ['', null, {}],
  ['  ', null, {}],
  ['Lena', /^scope ILIKE \{p0:String\} OR .* OR match\(payload, \{p1:String\}\)$/, { p0: '%Lena%', p1: '(?i)Lena' }],
  ['42', /match\(payload, \{p1:String\}\) OR obj_id = \{p2:UInt64\} OR .*duration = \{p2:UInt64\}$/, { p0: '%42%', p1: '(?i)42', p2: 42 }],
  [
    '6F2C2C35-6a0e-4f4f-9f57-3b0b8f5e2a11',
    /OR request_id = \{p2:String\}$/,
    { p0: '%6F2C2C35-6a0e-4f4f-9f57-3b0b8f5e2a11%', p1: '(?i)6F2C2C35-6a0e-4f4f-9f57-3b0b8f5e2a11', p2: '6f2c2c35-6a0e-4f4f-9f57-3b0b8f5e2a11' },
  ],
])('a search for %j', (text, expected, values) => {
  const params = new Params();
  const condition = searchCondition(PLAIN, text, params);
  if (expected === null) expect(condition).toBeNull();
  else expect(condition).toMatch(expected);
  expect(params.values).toEqual(values);
}); // prettier-ignore

test('a search finds names of a relation', () => {
  const list = eventList(`SELECT e.timestamp AS timestamp, projects.name AS project_name
FROM (SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp DESC LIMIT 10) AS e
LEFT JOIN projects ON projects.project_id = e.project_id`)!;
  expect(searchCondition(list, 'a', new Params())).toContain(
    'project_id IN (SELECT project_id FROM projects WHERE projects.name ILIKE {p0:String})',
  );
});

test('a search finds names beside the events', () => {
  expect(searchCondition(NAMED, 'Roads', new Params())).toContain(
    'task_id IN (SELECT task_id FROM task_names WHERE task_names.name ILIKE {p0:String})',
  );
});

test('what is a pattern to LIKE is none in a text', () => {
  expect(containing('100%_\\')).toBe('%100\\%\\_\\\\%');
});

test('what is a regular expression is none in a text', () => {
  expect(literally('a.b (1+2) [x]{3} $5|\\?*^')).toBe(
    'a\\.b \\(1\\+2\\) \\[x\\]\\{3\\} \\$5\\|\\\\\\?\\*\\^',
  );
});
