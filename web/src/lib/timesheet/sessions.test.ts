import { expect, test } from 'vitest';
import { boundsOfDay, intervalsQuery, sessionsOf } from './sessions';

const day = boundsOfDay('2026-06-01', 'utc');
const at = (minute: number) => day.from + minute * 60_000;
const frame = (rows: unknown[][]) => ({ refId: 'A', columns: [], rows });

test('a day is a day', () => {
  expect((day.to - day.from) / 3_600_000).toBe(24);
});

test.each([
  [[[7, at(0), at(10)], [8, at(10), at(20)]], [[0, 20, 20, '7 8']]],
  [[[7, at(0), at(10)], [7, at(11), at(20)]], [[0, 20, 19, '7']]],
  [[[7, at(0), at(10)], [7, at(15), at(20)]], [[0, 10, 10, '7'], [15, 20, 5, '7']]],
  [[[null, at(-30), at(5)]], [[0, 5, 5, '']]],
  [[[7, at(1430), at(1470)]], [[1430, 1440, 10, '7']]],
  [[[7, at(-30), at(0)]], []],
])('%j', (rows, expected) => {
  const found = sessionsOf(frame(rows), day);
  const minutes = (ms: number) => (ms - day.from) / 60_000;
  expect(found.map(({ startMs, endMs, workedMs, jobs }) => [minutes(startMs), minutes(endMs), workedMs / 60_000, jobs.join(' ')])).toEqual(expected); // prettier-ignore
}); // prettier-ignore

test.each([
  [{}, 'user_id = {user_id:UInt64}', { user_id: 5 }],
  [{ project_id: '3', task_id: '' }, 'user_id = {user_id:UInt64} AND project_id = {project_id:UInt64} AND task_id IS NULL', { user_id: 5, project_id: 3 }],
  [{ 'x; DROP': '1' }, 'user_id = {user_id:UInt64}', { user_id: 5 }],
])('intervals within %j', (within, conditions, params) => {
  const asked = intervalsQuery({ user: '5', within });
  expect(/'working_time'\) AND (.*)\n/.exec(asked.sql)![1]).toBe(conditions);
  expect(asked.params).toEqual(params);
}); // prettier-ignore
