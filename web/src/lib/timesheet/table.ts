/** The matrix as a table for CSV and paper: what is seen, and the minutes unrounded. */
import type { Timesheet, TimesheetRow } from './matrix';
import { byProject } from './projects';
import type { DayCell } from './sheets';

export type SheetCell = string | number | DayCell;

export interface SheetTable {
  headers: SheetCell[];
  rows: SheetCell[][];
}

/** Hours as they are shown: a row a person, or also what is below them where `isOpen` says so. */
export function asSeen(sheet: Timesheet, isOpen: (path: string) => boolean): SheetTable {
  const rows = visible(sheet, isOpen).map(({ row, depth }) => [
    `${'  '.repeat(depth)}${row.label}${row.id === '' ? '' : ` #${row.id}`}`,
    ...hoursOf(sheet, row),
  ]);
  return {
    headers: ['Hours', ...sheet.days.map((day) => ({ day })), 'Sum'],
    rows: [...rows, ['Sum', ...hoursOf(sheet, sheet)]],
  };
}

/** People down, projects across; `null` if nothing is known of projects. */
export function asProjects(sheet: Timesheet): SheetTable | null {
  const matrix = byProject(sheet);
  if (matrix === null) return null;
  const named = ({ label, id }: { label: string; id: string }) => (id === '' ? label : `${label} #${id}`);
  const hours = (ms: number) => ms / 3_600_000;
  return {
    headers: ['Hours', ...matrix.projects.map(named), 'Sum'],
    rows: [
      ...matrix.people.map(({ row, msByProject }) => [
        named(row),
        ...matrix.projects.map(({ key }) => hours(msByProject.get(key) ?? 0)),
        hours(row.totalMs),
      ]),
      ['Sum', ...matrix.projects.map(({ totalMs }) => hours(totalMs)), hours(matrix.totalMs)],
    ],
  };
}

/** The same rows with at most so many columns beside the first, several tables of one width where there are more. */
export function inParts({ headers, rows }: SheetTable, most: number): SheetTable[] {
  const n = Math.max(1, Math.ceil((headers.length - 1) / most));
  const width = Math.ceil((headers.length - 1) / n);
  return Array.from({ length: n }, (_, part) => {
    const of = (row: SheetCell[]) => [row[0]!, ...row.slice(1 + part * width, 1 + (part + 1) * width)];
    return { headers: of(headers), rows: rows.map(of) };
  });
}

function visible(sheet: Timesheet, isOpen: (path: string) => boolean) {
  const found: { row: TimesheetRow; depth: number }[] = [];
  const visit = (row: TimesheetRow, path: string, depth: number) => {
    found.push({ row, depth });
    if (isOpen(path)) row.children.forEach((child) => visit(child, `${path}/${child.key}`, depth + 1));
  };
  sheet.people.forEach((person) => visit(person, person.key, 0));
  return found;
}

function hoursOf({ days }: Timesheet, { msByDay, totalMs }: Pick<TimesheetRow, 'msByDay' | 'totalMs'>) {
  return [...days.map((day) => msByDay.get(day) ?? 0), totalMs].map((ms) => ms / 3_600_000);
}

/** A row a person, day, project, task and job, with minutes to the millisecond. */
export function asMinutes(sheet: Timesheet): SheetTable {
  const found: { day: string; cells: SheetCell[] }[] = [];
  const visit = (person: TimesheetRow, row: TimesheetRow, ids: string[]) => {
    if (row.children.length > 0) {
      row.children.forEach((child) => visit(person, child, [...ids, child.id]));
      return;
    }
    for (const [day, ms] of [...row.msByDay].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const note = row.bookedDays.has(day) ? 'no intervals' : '';
      const [project = '', task = '', job = ''] = ids;
      found.push({ day, cells: [{ day }, idCell(person.id), person.label, idCell(project), idCell(task), idCell(job), ms / 60_000, note] }); // prettier-ignore
    }
  };
  sheet.people.forEach((person) => visit(person, person, []));
  found.sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  const headers = ['Day', 'User id', 'User', 'Project id', 'Task id', 'Job id', 'Minutes', 'Note'];
  return { headers, rows: found.map(({ cells }) => cells) };
}

/** A number, as ids are; what is none, or too large for a spreadsheet's numbers, stays a text. */
function idCell(id: string): SheetCell {
  return /^\d+$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : id;
}

/** RFC 4180; names that look like formulas are made texts. Numbers have 9 decimals: a millisecond is 3 of them as hours. */
export function csvOfTable({ headers, rows }: SheetTable): string {
  const cell = (value: SheetCell) => {
    if (typeof value === 'number') return String(Math.round(value * 1e9) / 1e9);
    if (typeof value === 'object') return value.day;
    const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };
  return [headers, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}
