/** Hours as a matrix: people down, days across, what they worked on below each. */
import { numberOf, plainText, type Frame } from '../data/frame';
import type { GrafanaPanel } from '../model/grafana';
import { everyDay } from './days';

/** Names of the columns that the panel's query returns. */
export interface TimesheetFields {
  userField: string;
  userNameField: string;
  groupFields: string[];
  groupNameFields: (string | null)[];
  startField: string;
  endField: string;
  durationField: string;
  dayField: string;
  intervalsField: string;
  /** SQL of what is marked; empty if nothing is. */
  marksSql: string;
}

const DEFAULTS: TimesheetFields = {
  userField: 'user_id',
  userNameField: 'user_name',
  groupFields: ['project_id', 'task_id', 'job_id'],
  groupNameFields: ['project_name', 'task_name', null],
  startField: 'start_ms',
  endField: 'end_ms',
  durationField: 'working_time_ms',
  dayField: 'day',
  intervalsField: 'has_intervals',
  marksSql: '',
};

export function fieldsOf(panel: GrafanaPanel): TimesheetFields {
  return { ...DEFAULTS, ...(panel.options as Partial<TimesheetFields> | undefined) };
}

/** Time of one person, or of what they worked on. */
export interface TimesheetRow {
  /** Unique among its siblings. */
  key: string;
  label: string;
  /** The id, small beside the name; empty if there is none. */
  id: string;
  /** Of a person; of what is below, the same. */
  user: string;
  /** What it is part of, itself included: ids by the query's columns, empty where there is none. */
  within: Record<string, string>;
  msByDay: Map<string, number>;
  /** Days with rows that say no intervals: all of it is booked at the row's time. */
  bookedDays: Set<string>;
  totalMs: number;
  children: TimesheetRow[];
}

export interface Timesheet {
  /** `2026-06-01`, ascending: all of the range. */
  days: string[];
  /** Whether there is work on earlier days than the first. */
  isCut: boolean;
  people: TimesheetRow[];
  msByDay: Map<string, number>;
  totalMs: number;
  /** The most of one person on one day. */
  mostMs: number;
}

/** The row of a path of keys, `5/Project 3/Task 41`; `null` if nobody of the answer has it. */
export function rowAt(people: TimesheetRow[], path: string): TimesheetRow | null {
  const row = people.find(({ key }) => path === key || path.startsWith(`${key}/`));
  if (!row || path === row.key) return row ?? null;
  return rowAt(row.children, path.slice(row.key.length + 1));
}

/** Paths of the rows that have something below them. */
export function foldablePaths(rows: TimesheetRow[], above = ''): string[] {
  return rows.flatMap(({ key, children }) =>
    children.length === 0 ? [] : [above + key, ...foldablePaths(children, `${above}${key}/`)],
  );
}

const KINDS = ['Project', 'Task', 'Job'];

/** All days from `ends` on and up to it; `null` if the query lacks a column that the matrix is made of. */
export function timesheet(
  frame: Frame,
  fields: TimesheetFields,
  ends: readonly string[] = [],
): Timesheet | null {
  const at = (name: string | null) => frame.columns.findIndex((column) => column.name === name);
  const [user, day, duration] = [at(fields.userField), at(fields.dayField), at(fields.durationField)];
  if (user < 0 || day < 0 || duration < 0) return null;
  const [userName, intervals] = [at(fields.userNameField), at(fields.intervalsField)];
  const [start, end] = [at(fields.startField), at(fields.endField)];
  const groups = fields.groupFields.map((name, i) => ({
    field: name,
    id: at(name),
    name: at(fields.groupNameFields[i] ?? null),
    kind: KINDS[i] ?? name,
  }));

  const people = new Map<string, TimesheetRow>();
  const byDay = new Map<string, number>();
  let totalMs = 0;
  for (const row of frame.rows) {
    const ms = numberOf(row[duration]) ?? 0;
    const date = dayText(row[day]);
    if (date === null) continue;
    const isBooked = intervals >= 0 && numberOf(row[intervals]) === 0;
    const id = plainText(row[user]);
    let into = child(people, id, {
      label: plainText(row[userName]) || `User ${id || '(none)'}`,
      id,
      user: id,
      within: {},
    });
    // Who worked no time is shown, and nothing that it was spent on.
    if (ms === 0 && start >= 0 && row[start] === row[end]) continue;
    add(into, date, ms, isBooked);
    for (const group of groups) {
      if (group.id < 0) continue;
      const groupId = plainText(row[group.id]);
      const named = group.name >= 0 ? plainText(row[group.name]) : '';
      const label = groupId === '' ? `No ${group.kind.toLowerCase()}` : named || group.kind;
      const within = { ...into.within, [group.field]: groupId };
      into = child(into.children, `${group.kind} ${groupId}`, { label, id: groupId, user: id, within });
      add(into, date, ms, isBooked);
    }
    byDay.set(date, (byDay.get(date) ?? 0) + ms);
    totalMs += ms;
  }
  const rows = [...people.values()].sort(byLabel);
  rows.forEach(sortChildren);
  const mostMs = rows.reduce((most, { msByDay }) => Math.max(most, ...msByDay.values()), 0);
  const days = everyDay([...ends, ...byDay.keys()]);
  const isCut = [...byDay.keys()].some((day) => day < days[0]!);
  return { days, isCut, people: rows, msByDay: byDay, totalMs, mostMs };
}

function child(
  among: Map<string, TimesheetRow> | TimesheetRow[],
  key: string,
  about: Pick<TimesheetRow, 'label' | 'id' | 'user' | 'within'>,
): TimesheetRow {
  const found = Array.isArray(among) ? among.find((row) => row.key === key) : among.get(key);
  if (found) return found;
  const row: TimesheetRow = { key, ...about, msByDay: new Map(), bookedDays: new Set(), totalMs: 0, children: [] }; // prettier-ignore
  if (Array.isArray(among)) among.push(row);
  else among.set(key, row);
  return row;
}

function add(row: TimesheetRow, day: string, ms: number, isBooked: boolean) {
  row.msByDay.set(day, (row.msByDay.get(day) ?? 0) + ms);
  row.totalMs += ms;
  if (isBooked) row.bookedDays.add(day);
}

function byLabel(a: TimesheetRow, b: TimesheetRow): number {
  return a.label.localeCompare(b.label, 'en', { numeric: true }) || a.key.localeCompare(b.key);
}

function sortChildren(row: TimesheetRow) {
  row.children.sort((a, b) => b.totalMs - a.totalMs);
  row.children.forEach(sortChildren);
}

/** A day as the answer has it: ms at its beginning in UTC, or text. */
export function dayText(value: unknown): string | null {
  if (typeof value === 'number') return new Date(value).toISOString().slice(0, 10);
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value) ? value.slice(0, 10) : null;
}

export type HourFormat = 'minutes' | 'decimal' | 'seconds';

/** `6:45`, `6.75` or `6:45:00`; rounded to the minute, a hundredth of an hour, or the second. */
export function hoursText(ms: number, format: HourFormat): string {
  if (format === 'decimal') return (ms / 3_600_000).toFixed(2);
  const two = (n: number) => String(n).padStart(2, '0');
  if (format === 'seconds') {
    const s = Math.round(ms / 1000);
    return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  }
  const minutes = Math.round(ms / 60_000);
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
}

export function isWeekend(day: string): boolean {
  return [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
}

/** `Mon`, `1 Jun`: the two lines of a day's header. */
export function dayHeader(day: string): { weekday: string; date: string } {
  const date = new Date(`${day}T00:00:00Z`);
  const text = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString('en-GB', { timeZone: 'UTC', ...options }); // prettier-ignore
  return { weekday: text({ weekday: 'short' }), date: text({ day: 'numeric', month: 'short' }) };
}

/** Whether the minutes that are shown add up to another sum than the one that is shown: each is rounded alone. */
export function roundsApart({ people, totalMs }: Timesheet): boolean {
  const minutes = (ms: number) => Math.round(ms / 60_000);
  const shown = people.flatMap(({ msByDay }) => [...msByDay.values()]).reduce((sum, ms) => sum + minutes(ms), 0); // prettier-ignore
  return shown !== minutes(totalMs);
}
