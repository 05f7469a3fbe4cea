import { expect, test } from 'vitest';
import { boundsOfDay, boundsWithin, everyDay } from './days';
import { marksOf, markText } from './marks';
import { intervalsQuery, sessionsOf, twiceMs } from './sessions';

const day = boundsOfDay('2026-06-01', 'utc');
const at = (minute: number) => day.from + minute * 60_000;
const frame = (rows: unknown[][]) => ({ refId: 'A', columns: [], rows });

test('a day is a day', () => {
  expect((day.to - day.from) / 3_600_000).toBe(24);
  expect(boundsWithin('2026-06-01', 'utc', { from: at(60), to: at(120) - 1 })).toEqual({ from: at(60), to: at(120) }); // prettier-ignore
  expect(everyDay(['2026-06-03', '2026-06-01'])).toEqual(['2026-06-01', '2026-06-02', '2026-06-03']);
});

test.each([
  [[[7, at(0), at(10)], [8, at(10), at(20)]], [[0, 20, 20, 0, 0, '7 8']]],
  [[[7, at(0), at(10)], [7, at(11), at(20)]], [[0, 20, 19, 0, 0, '7']]],
  [[[7, at(0), at(10)], [7, at(15), at(20)]], [[0, 10, 10, 0, 0, '7'], [15, 20, 5, 0, 0, '7']]],
  [[[null, at(-30), at(5)]], [[0, 5, 5, 0, 35, '']]],
  [[[7, at(1430), at(1470)]], [[1430, 1440, 10, 0, 40, '7']]],
  [[[7, at(-30), at(0)]], []],
  // Two tabs at once, and one that lies within another.
  [[[7, at(0), at(10)], [8, at(5), at(15)]], [[0, 15, 20, 5, 0, '7 8']]],
  [[[7, at(0), at(10)], [8, at(2), at(4)], [8, at(9), at(12)]], [[0, 12, 15, 3, 0, '7 8']]],
  [[[7, at(0), at(480)]], [[0, 480, 480, 0, 480, '7']]],
])('%j', (rows, expected) => {
  const found = sessionsOf(frame(rows), day);
  const minutes = (ms: number) => (ms - day.from) / 60_000;
  expect(
    found.map((one) => [minutes(one.startMs), minutes(one.endMs), one.workedMs / 60_000, twiceMs(one) / 60_000, one.longMs / 60_000, one.jobs.join(' ')]),
  ).toEqual(expected);
}); // prettier-ignore

/** Numbers that are the same each time. */
function* random(seed: number) {
  for (;;) yield (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
}

test('adjoining spans have the sum of their union, to the millisecond', () => {
  const next = random(14);
  const below = (n: number) => Math.floor(next.next().value! * n);
  for (let round = 0; round < 500; round++) {
    const rows = Array.from({ length: below(12) }, () => {
      const start = day.from + below(100_000);
      return [below(3), start, start + below(40_000)];
    }).sort((a, b) => a[1]! - b[1]! || a[2]! - b[2]!);
    const ends = Array.from({ length: 3 }, () => day.from + below(150_000)).sort((a, b) => a - b);
    const worked = (from: number, to: number) => sessionsOf(frame(rows), { from, to }).reduce((sum, { workedMs }) => sum + workedMs, 0); // prettier-ignore
    const [a, b, c] = ends as [number, number, number];
    expect(worked(a, b) + worked(b, c)).toBe(worked(a, c));
  }
});

test.each([
  [{}, 'user_id = {user_id:UInt64}', { user_id: 5 }],
  [{ project_id: '3', task_id: '' }, 'user_id = {user_id:UInt64} AND project_id = {project_id:UInt64} AND task_id IS NULL', { user_id: 5, project_id: 3 }],
  [{ 'x; DROP': '1' }, 'user_id = {user_id:UInt64}', { user_id: 5 }],
])('intervals within %j', (within, conditions, params) => {
  const asked = intervalsQuery({ user: '5', within }, { from: 10, to: 20 });
  expect(/4294967295\n {4}AND (.*)\n/.exec(asked.sql)![1]).toBe(conditions);
  expect(asked.params).toEqual({ ...params, from_ms: 10, to_ms: 20 });
}); // prettier-ignore

test('marks by person and day', () => {
  const rows = [
    [5, '2026-06-01', '2026-06-01', at(0), at(1), 50_000, 0],
    [5, '2026-06-01', '2026-06-01', at(9), at(9), 10_000, 8 * 3_600_000],
    // Across midnight: 10 minutes before it, 5 after.
    [7, '2026-06-01', '2026-06-02', at(1430), at(1445), 900_000, 0],
  ];
  const marks = marksOf(frame(rows), 'utc');
  expect(marks.get('5')!.get('2026-06-01')).toEqual({ twiceMs: 60_000, longMs: 28_800_000 });
  expect(marks.get('7')!.get('2026-06-01')!.twiceMs).toBe(600_000);
  expect(marks.get('7')!.get('2026-06-02')!.twiceMs).toBe(300_000);
  expect(markText({ twiceMs: 60_000, longMs: 28_800_000 })).toContain('0:01:00 counted twice');
  expect(markText({ twiceMs: 0, longMs: 0 })).toBe('');
});
