/** The sheets of a workbook: the two views as they are looked at, and every hour with whom and what it was for. */
import { isOpen, type Look } from './look';
import type { Timesheet, TimesheetRow } from './matrix';
import { byProject } from './projects';

/** A day, `2026-06-01`: a date to a spreadsheet. */
export interface DayCell {
  day: string;
}

/** `null` is an empty cell. Times are ms, and become what the column's kind says. */
export type Cell = string | number | DayCell | null;

/** `duration` is a spreadsheet's own, of days; `hours` and `minutes` are plain numbers, to multiply with. */
export type CellKind = 'text' | 'id' | 'day' | 'duration' | 'hours' | 'minutes';

export interface SheetColumn {
  header: string | DayCell;
  kind: CellKind;
  /** In letters. */
  width: number;
}

export interface Sheet {
  name: string;
  columns: SheetColumn[];
  rows: Cell[][];
  /** The last row, if it is one of sums. */
  sums: Cell[] | null;
}

const column = (header: string | DayCell, kind: CellKind, width: number): SheetColumn => ({ header, kind, width }); // prettier-ignore

const PERSON = [column('Person', 'text', 30), column('Person id', 'id', 10), column('E-mail', 'text', 28)];

export function sheetsOf(sheet: Timesheet, look: Look, emails: ReadonlyMap<string, string>): Sheet[] {
  const kind = look.format === 'decimal' ? 'hours' : 'duration';
  const projects = projectsSheet(sheet, kind, emails);
  return [daysSheet(sheet, look, kind, emails), ...(projects ? [projects] : []), details(sheet, emails)];
}

/** People down, days across, with what is open below them. */
function daysSheet(sheet: Timesheet, { opened }: Look, kind: CellKind, emails: ReadonlyMap<string, string>): Sheet {
  const rows: Cell[][] = [];
  const visit = (row: TimesheetRow, path: string, depth: number) => {
    const email = depth === 0 ? (emails.get(row.id) ?? null) : null;
    const days = sheet.days.map((day) => row.msByDay.get(day) ?? null);
    rows.push([`${'    '.repeat(depth)}${row.label}`, idCell(row.id), email, ...days, row.totalMs]);
    if (isOpen(opened, path)) row.children.forEach((child) => visit(child, `${path}/${child.key}`, depth + 1));
  };
  sheet.people.forEach((person) => visit(person, person.key, 0));
  const sums = sheet.days.map((day) => sheet.msByDay.get(day) ?? 0);
  return {
    name: 'Days',
    columns: [...PERSON, ...sheet.days.map((day) => column({ day }, kind, 11)), column('Sum', kind, 11)],
    rows,
    sums: ['Sum', null, null, ...sums, sheet.totalMs],
  };
} // prettier-ignore

function projectsSheet(sheet: Timesheet, kind: CellKind, emails: ReadonlyMap<string, string>): Sheet | null {
  const matrix = byProject(sheet);
  if (matrix === null) return null;
  const { projects, people, totalMs } = matrix;
  const nameOf = ({ label, id }: { label: string; id: string }) => (id === '' ? label : `${label} #${id}`);
  return {
    name: 'Projects',
    columns: [
      ...PERSON,
      ...projects.map((project) => column(nameOf(project), kind, Math.max(11, nameOf(project).length))),
      column('Sum', kind, 11),
    ],
    rows: people.map(({ row, msByProject }) => [
      row.label,
      idCell(row.id),
      emails.get(row.id) ?? null,
      ...projects.map(({ key }) => msByProject.get(key) ?? null),
      row.totalMs,
    ]),
    sums: ['Sum', null, null, ...projects.map((project) => project.totalMs), totalMs],
  };
}

const DETAILS = [
  column('Day', 'day', 11),
  ...PERSON,
  column('Project', 'text', 24),
  column('Project id', 'id', 10),
  column('Task', 'text', 24),
  column('Task id', 'id', 10),
  column('Job id', 'id', 10),
  column('Time', 'duration', 10),
  column('Hours', 'hours', 10),
  column('Minutes', 'minutes', 10),
  column('Note', 'text', 14),
];

/** A row a day, person, project, task and job. */
function details(sheet: Timesheet, emails: ReadonlyMap<string, string>): Sheet {
  const found: { day: string; cells: Cell[] }[] = [];
  const visit = (person: TimesheetRow, row: TimesheetRow, above: TimesheetRow[]) => {
    if (row.children.length > 0) {
      row.children.forEach((child) => visit(person, child, [...above, child]));
      return;
    }
    const [project, task, job] = above;
    for (const [day, ms] of row.msByDay) {
      const note = row.bookedDays.has(day) ? 'no intervals' : null;
      found.push({
        day,
        cells: [
          { day }, person.label, idCell(person.id), emails.get(person.id) ?? null,
          nameCell(project, 'Project'), idCell(project?.id ?? ''), nameCell(task, 'Task'), idCell(task?.id ?? ''), idCell(job?.id ?? ''),
          ms, ms, ms, note,
        ],
      });
    }
  };
  sheet.people.forEach((person) => visit(person, person, []));
  found.sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  const sums = [null, 'Sum', ...Array<null>(7).fill(null), sheet.totalMs, sheet.totalMs, sheet.totalMs, null];
  return { name: 'Details', columns: DETAILS, rows: found.map(({ cells }) => cells), sums };
} // prettier-ignore

/** Nothing for what is of no project or task, and for those whose name nobody knows: they are called by their kind. */
function nameCell(row: TimesheetRow | undefined, kind: string): Cell {
  return row === undefined || row.id === '' || row.label === kind ? null : row.label;
}

/** A number, as ids are; what is too large for a spreadsheet's numbers stays a text. */
function idCell(id: string): Cell {
  if (id === '') return null;
  return /^\d+$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : id;
}
