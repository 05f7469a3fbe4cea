/** The matrix as a table for spreadsheets: what is seen, and the minutes unrounded. */
import type { Timesheet, TimesheetRow } from './matrix';

export interface SheetTable {
  headers: string[];
  rows: (string | number)[][];
}

/** As it is shown: a row a person, or also what is below them where `isOpen` says so. Hours. */
export function asSeen(sheet: Timesheet, isOpen: (path: string) => boolean): SheetTable {
  const hours = (ms: number) => ms / 3_600_000;
  const rows: (string | number)[][] = [];
  const visit = (row: TimesheetRow, path: string, depth: number) => {
    const label = `${'  '.repeat(depth)}${row.label}${row.id === '' ? '' : ` #${row.id}`}`;
    rows.push([label, ...sheet.days.map((day) => hours(row.msByDay.get(day) ?? 0)), hours(row.totalMs)]);
    if (isOpen(path)) row.children.forEach((child) => visit(child, `${path}/${child.key}`, depth + 1));
  };
  sheet.people.forEach((person) => visit(person, person.key, 0));
  rows.push(['Sum', ...sheet.days.map((day) => hours(sheet.msByDay.get(day) ?? 0)), hours(sheet.totalMs)]);
  return { headers: ['Hours', ...sheet.days, 'Sum'], rows };
}

/** A row a person, day, project, task and job, with minutes to the millisecond. */
export function asMinutes(sheet: Timesheet): SheetTable {
  const rows: (string | number)[][] = [];
  const visit = (person: TimesheetRow, row: TimesheetRow, ids: string[]) => {
    if (row.children.length > 0) {
      row.children.forEach((child) => visit(person, child, [...ids, child.id]));
      return;
    }
    for (const [day, ms] of [...row.msByDay].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const note = row.bookedDays.has(day) ? 'no intervals' : '';
      rows.push([day, person.id, person.label, ids[0] ?? '', ids[1] ?? '', ids[2] ?? '', ms / 60_000, note]);
    }
  };
  sheet.people.forEach((person) => visit(person, person, []));
  rows.sort((a, b) => (a[0]! < b[0]! ? -1 : a[0]! > b[0]! ? 1 : 0));
  const headers = ['Day', 'User id', 'User', 'Project id', 'Task id', 'Job id', 'Minutes', 'Note'];
  return { headers, rows };
}

/** RFC 4180; names that look like formulas are made texts. */
export function csvOfTable({ headers, rows }: SheetTable): string {
  const cell = (value: string | number) => {
    if (typeof value === 'number') return String(Math.round(value * 1e6) / 1e6);
    const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };
  return [headers, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}
