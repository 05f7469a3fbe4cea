import { expect, test } from 'vitest';
import { kindOf, type Frame } from '../data/frame';
import { dayHeader, fieldsOf, hoursText, isWeekend, roundsApart, rowAt, timesheet } from './matrix';
import { openedAll, PLAIN_LOOK } from './look';
import { byProject } from './projects';
import { sheetsOf } from './sheets';
import { asMinutes, asProjects, asSeen, csvOfTable, inParts } from './table';
import { workbook } from './xlsx';

const columns = Object.entries({
  day: 'Date', user_id: 'UInt64', user_name: 'String', project_id: 'UInt64', project_name: 'String', task_id: 'UInt64', job_id: 'UInt64', working_time_ms: 'Int64', has_intervals: 'UInt8',
}).map(([name, type]) => ({ name, type, kind: kindOf(type) })); // prettier-ignore
const minute = 60_000;
const frame: Frame = {
  refId: 'A',
  columns,
  rows: [
    ['2026-06-01', 5, 'Lena', 3, 'Roads', 41, 88, 405 * minute, 1],
    ['2026-06-03', 5, 'Lena', 3, 'Roads', 41, 89, 30 * minute, 0],
    [Date.parse('2026-06-03'), 7, '=Omar', null, null, null, null, 90_000, 1],
  ],
};
const sheet = timesheet(frame, fieldsOf({}))!;

test('people down, days across', () => {
  expect(sheet.days).toEqual(['2026-06-01', '2026-06-02', '2026-06-03']);
  expect(sheet.people.map(({ label, totalMs }) => [label, totalMs / minute])).toEqual([['=Omar', 1.5], ['Lena', 435]]); // prettier-ignore
  expect(sheet.totalMs).toBe(436.5 * minute);
  const lena = sheet.people[1]!;
  expect(lena.children.map(({ label, id }) => `${label} ${id}`)).toEqual(['Roads 3']);
  expect(lena.children[0]!.children[0]!.children.map(({ id }) => id)).toEqual(['88', '89']);
  expect([...lena.bookedDays]).toEqual(['2026-06-03']);
});

test.each([
  ['5', 'Lena'],
  ['5/Project 3/Task 41', 'Task'],
  ['5/Project 4', undefined],
  ['9', undefined],
])('%s is the path of %s', (path, label) => {
  expect(rowAt(sheet.people, path)?.label).toBe(label);
});

test('a row knows what it is part of', () => {
  expect(rowAt(sheet.people, '5/Project 3/Task 41')!.within).toEqual({ project_id: '3', task_id: '41' });
  expect(rowAt(sheet.people, '7/Project ')!.within).toEqual({ project_id: '' });
});

test('a query without its columns is none', () => {
  expect(timesheet({ ...frame, columns: columns.slice(1) }, fieldsOf({}))).toBeNull();
});

test.each([
  [405 * minute, '6:45', '6.75'],
  [0, '0:00', '0.00'],
  [29_999, '0:00', '0.01'],
  [30_000, '0:01', '0.01'],
  [25 * 60 * minute, '25:00', '25.00'],
])('%d ms is %s or %s', (ms, minutes, decimal) => {
  expect([hoursText(ms, 'minutes'), hoursText(ms, 'decimal')]).toEqual([minutes, decimal]);
});

test('seconds', () => {
  expect(hoursText(3_599_600, 'seconds')).toBe('1:00:00');
});

test('days', () => {
  expect(dayHeader('2026-06-01')).toEqual({ weekday: 'Mon', date: '1 Jun' });
  expect([isWeekend('2026-06-05'), isWeekend('2026-06-06')]).toEqual([false, true]);
});

test('rounding is told of', () => {
  expect(roundsApart(sheet)).toBe(false);
  const halves = Array.from({ length: 3 }, (_, i) => ['2026-06-01', i, `u${i}`, 1, '', 1, 1, 20_000, 1]);
  expect(roundsApart(timesheet({ ...frame, rows: halves }, fieldsOf({}))!)).toBe(true);
});

test('as a table', () => {
  expect(csvOfTable(asSeen(sheet, (path) => path === '5'))).toBe(
    'Hours,2026-06-01,2026-06-02,2026-06-03,Sum\r\n' +
      "'=Omar #7,0,0,0.025,0.025\r\nLena #5,6.75,0,0.5,7.25\r\n  Roads #3,6.75,0,0.5,7.25\r\nSum,6.75,0,0.525,7.275\r\n",
  );
  expect(asMinutes(sheet).rows).toEqual([
    [{ day: '2026-06-01' }, 5, 'Lena', 3, 41, 88, 405, ''],
    [{ day: '2026-06-03' }, 7, '=Omar', '', '', '', 1.5, ''],
    [{ day: '2026-06-03' }, 5, 'Lena', 3, 41, 89, 30, 'no intervals'],
  ]);
});

test('all days of the range are columns, and who worked no time has a row', () => {
  const idle = ['2026-05-31', 9, 'Mira', null, null, null, null, 0, 1];
  const withEnds = {
    ...frame,
    columns: [...columns, { name: 'start_ms', type: 'Int64', kind: kindOf('Int64') }, { name: 'end_ms', type: 'Int64', kind: kindOf('Int64') }],
    rows: [...frame.rows.map((row) => [...row, 1, 2]), [...idle, 7, 7]],
  }; // prettier-ignore
  const whole = timesheet(withEnds, fieldsOf({}), ['2026-05-31', '2026-06-05'])!;
  expect(whole.days).toEqual(['2026-05-31', '2026-06-01', '2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05']);
  const mira = whole.people.find(({ label }) => label === 'Mira')!;
  expect([mira.totalMs, mira.children]).toEqual([0, []]);
  expect(csvOfTable(asSeen(whole, () => false)).split('\r\n')[0]).toBe(`Hours,${whole.days.join(',')},Sum`);
  expect(timesheet({ ...frame, rows: [] }, fieldsOf({}), ['2026-06-01', '2026-06-02'])!.days).toHaveLength(2);
}); // prettier-ignore

test('people by projects', () => {
  const matrix = byProject(sheet)!;
  expect(matrix.projects.map(({ label, id, totalMs }) => [label, id, totalMs / minute])).toEqual([
    ['Roads', '3', 435],
    ['No project', '', 1.5],
  ]);
  expect(csvOfTable(asProjects(sheet)!)).toBe(
    "Hours,Roads #3,No project,Sum\r\n'=Omar #7,0,0.025,0.025\r\nLena #5,7.25,0,7.25\r\nSum,7.25,0.025,7.275\r\n",
  );
  const bare = { ...sheet, people: sheet.people.map((person) => ({ ...person, children: [] })) };
  expect([byProject(bare), asProjects(bare)]).toEqual([null, null]);
});

test('a wide table is several', () => {
  const parts = inParts(
    asSeen(sheet, () => false),
    3,
  );
  expect(parts.map(({ headers }) => headers.length)).toEqual([3, 3]);
  expect(parts.map(({ rows }) => rows.map(([name]) => name))).toEqual(
    Array(2).fill(['=Omar #7', 'Lena #5', 'Sum']),
  );
  expect(parts[1]!.headers).toEqual(['Hours', { day: '2026-06-03' }, 'Sum']);
  expect(inParts({ headers: ['Hours'], rows: [] }, 3)).toHaveLength(1);
});

test('a workbook has names, ids, days and times', () => {
  const emails = new Map([['5', 'lena@example.com']]);
  const [days, projects, details] = sheetsOf(sheet, PLAIN_LOOK, emails);
  expect([days!.name, projects!.name, details!.name]).toEqual(['Days', 'Projects', 'Details']);
  expect(days!.rows[1]).toEqual([
    'Lena',
    5,
    'lena@example.com',
    405 * minute,
    null,
    30 * minute,
    435 * minute,
  ]);
  expect(days!.columns.map(({ kind }) => kind)).toEqual(['text', 'id', 'text', ...Array(4).fill('duration')]);
  expect(projects!.columns.map(({ header }) => header)).toEqual(['Person', 'Person id', 'E-mail', 'Roads #3', 'No project', 'Sum']); // prettier-ignore
  expect(details!.rows[0]).toEqual([
    { day: '2026-06-01' }, 'Lena', 5, 'lena@example.com', 'Roads', 3, null, 41, 88,
    405 * minute, 405 * minute, 405 * minute, null,
  ]); // prettier-ignore
  expect(details!.rows.map((row) => row.at(-1))).toEqual([null, null, 'no intervals']);
  const sums = details!.rows.reduce((sum, row) => sum + (row[9] as number), 0);
  expect([sums, details!.sums![9], days!.sums!.at(-1), projects!.sums!.at(-1)]).toEqual(
    Array(4).fill(sheet.totalMs),
  );
});

test('a workbook has what is open, in the format that is looked at', () => {
  const look = { ...PLAIN_LOOK, format: 'decimal' as const, opened: openedAll(true) };
  const [days] = sheetsOf(sheet, look, new Map());
  expect(days!.rows.map(([label]) => String(label).trim())).toEqual([
    '=Omar', 'No project', 'No task', 'No job', 'Lena', 'Roads', 'Task', 'Job', 'Job',
  ]); // prettier-ignore
  expect(days!.columns.at(-1)!.kind).toBe('hours');
});

test('a large workbook needs no worker', async () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => [{ day: '2026-06-01' }, i, `name ${i}`, i * 7_001]);
  const columns = (['day', 'id', 'text', 'duration'] as const).map((kind) => ({
    header: kind,
    kind,
    width: 9,
  }));
  const file = await workbook(
    'Hours',
    [['Time range', 'June']],
    [{ name: 'Hours', columns, rows, sums: null }],
  );
  const bytes = new Uint8Array(await file.arrayBuffer());
  expect(String.fromCharCode(bytes[0]!, bytes[1]!)).toBe('PK');
  expect(bytes.length).toBeGreaterThan(160_000);
}, 30_000);
