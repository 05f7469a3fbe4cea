import { expect, test } from 'vitest';
import allEvents from '../../../../dashboards/all-events.json';
import monitoring from '../../../../dashboards/monitoring.json';
import timesheet from '../../../../dashboards/timesheet.json';
import { countSql, eventList, hasColumn, listSql, namedThings, namesOf, valuesSql } from './list';

const PLAIN = `SELECT * FROM events
WHERE $__timeFilter_ms(timestamp) AND scope IN ($scopes)
ORDER BY timestamp DESC
LIMIT 500`;

const NAMED = `WITH project_names AS (
  SELECT project_id, argMax(obj_name, timestamp) AS name FROM events WHERE scope = 'create:project (' GROUP BY project_id
)
SELECT e.timestamp AS timestamp, e.scope AS scope, project_names.name AS project_name
FROM (
  SELECT *
  FROM events
  WHERE $__timeFilter_ms(timestamp)
  ORDER BY timestamp DESC
  LIMIT 1000
) AS e
LEFT JOIN project_names ON project_names.project_id = e.project_id
ORDER BY timestamp DESC`;

const sqlOf = (file: { panels: object[] }, title: string) => {
  const panels = file.panels as { title?: string; targets?: { rawSql: string }[] }[];
  return panels.find((panel) => panel.title === title)!.targets![0]!.rawSql;
};

test.each<[string, string, object | null]>([
  ['a plain one', PLAIN, { items: '*', limit: 500, around: null, withs: '' }],
  ['one with names', NAMED, { items: '*', limit: 1000, withs: NAMED.slice(0, NAMED.indexOf('SELECT e.')) }],
  ['CVAT’s', 'SELECT * FROM cvat.events WHERE $__timeFilter(timestamp) ORDER BY timestamp DESC LIMIT 10', { limit: 10, from: 'FROM cvat.events WHERE' }], // prettier-ignore
  ['our All Events', sqlOf(allEvents, 'All events'), { items: '*', limit: 1000 }],
  ['our Exceptions', sqlOf(monitoring, 'Exceptions'), { limit: 1000 }],
  ['rows of working time, whose time has another name', sqlOf(timesheet, 'Rows of working time'), null],
  ['groups', 'SELECT scope, count() FROM events WHERE $__timeFilter_ms(timestamp) GROUP BY scope ORDER BY timestamp DESC LIMIT 5', null], // prettier-ignore
  ['without an end', 'SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp DESC', null],
  ['without conditions', 'SELECT * FROM events ORDER BY timestamp DESC LIMIT 10', null],
  ['the oldest first', 'SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp LIMIT 10', null],
  ['with more behind it', `${PLAIN} FORMAT JSON`, null],
  ['of a subquery', `SELECT * FROM (SELECT scope FROM events WHERE (1 = 1)) ORDER BY timestamp DESC LIMIT 5`, null], // prettier-ignore
  ['of a union', `SELECT * FROM events WHERE 1 = 1 UNION ALL SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp DESC LIMIT 5`, null], // prettier-ignore
])('%s', (_, sql, expected) => {
  const list = eventList(sql);
  if (expected === null) expect(list).toBeNull();
  else expect(list).toMatchObject(expected);
});

test('a plain list gets conditions, an order and what identifies', () => {
  const list = eventList(PLAIN)!;
  expect(listSql(list, { conditions: ['user_id = 5', 'a OR b'], limit: 7 })).toBe(
    `SELECT *, request_id, position
FROM events
WHERE $__timeFilter_ms(timestamp) AND scope IN ($scopes)
  AND (user_id = 5)
  AND (a OR b)
ORDER BY timestamp DESC, position DESC
LIMIT 7`,
  );
});

test('a list with names keeps what is around it', () => {
  const sql = listSql(eventList(NAMED)!, { conditions: ['x = 1'], order: 'duration DESC', limit: 5 });
  expect(sql.startsWith(NAMED.slice(0, NAMED.indexOf('\nFROM (')))).toBe(true);
  expect(sql).toContain('AS project_name,\n  e.request_id AS request_id,\n  e.position AS position\nFROM (');
  expect(sql).toContain('SELECT *, request_id, position\nFROM events\n');
  expect(sql).toContain('AND (x = 1)\nORDER BY duration DESC, position DESC\nLIMIT 5\n) AS e\nLEFT JOIN');
  expect(sql.endsWith('ORDER BY duration DESC, position DESC')).toBe(true);
});

test('what the panel selects itself is not selected twice', () => {
  const list = eventList(PLAIN.replace('*', 'timestamp, request_id'))!;
  expect(listSql(list, { conditions: [], limit: 1 })).toContain('SELECT timestamp, request_id, position\n');
});

test('counts', () => {
  const [plain, named] = [eventList(PLAIN)!, eventList(NAMED)!];
  expect(countSql(plain, ['x = 1'])).toMatch(/^SELECT count\(\) AS n FROM \(\nSELECT \*\nFROM events\s+WHERE[^]*AND \(x = 1\)\n\)$/); // prettier-ignore
  expect(valuesSql(plain, 'scope', { conditions: [], limit: 9 })).toContain('SELECT scope AS value, count() AS n FROM ('); // prettier-ignore
  const names = valuesSql(named, 'project_name', { conditions: [], limit: 9, pattern: '{p0:String}' });
  expect(names.startsWith('WITH project_names AS (')).toBe(true);
  expect(names).toContain('LEFT JOIN project_names AS names ON names.project_id = counted.id');
  expect(names).toContain('WHERE toString(value) ILIKE {p0:String}');
});

test.each([
  ['scope', true],
  ['project_name', true],
  ['position', true],
  ['error', false],
  ['task_name', false],
])('all columns and names of projects: %s is asked of the server: %s', (name, expected) => {
  expect(hasColumn(eventList(NAMED)!, name)).toBe(expected);
});

test.each([
  ['error', true],
  ['stack', true],
  ['scope', false],
  ['task_name', true],
])('our exceptions have %s: %s', (name, expected) => {
  expect(hasColumn(eventList(sqlOf(monitoring, 'Exceptions'))!, name)).toBe(expected);
});

test('names are those of the relations beside the events, or of a WITH', () => {
  const list = eventList(sqlOf(allEvents, 'All events'))!;
  expect(namedThings(list).map(({ table }) => table)).toEqual(['projects', 'tasks']);
  expect(namesOf(list, 'task_name')).toEqual({ id: 'task_id', table: 'tasks' });
  expect(namesOf(list, 'user_name')).toBeNull();
  expect(namesOf(eventList(NAMED)!, 'project_name')).toEqual({ id: 'project_id', table: 'project_names' });
  expect(namesOf(eventList(PLAIN)!, 'project_name')).toBeNull();
});
