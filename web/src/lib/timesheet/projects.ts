/** The same hours by project: people down, projects across. */
import type { Timesheet, TimesheetRow } from './matrix';

export interface ProjectColumn {
  /** As the rows below a person have it. */
  key: string;
  label: string;
  id: string;
  totalMs: number;
}

export interface ProjectMatrix {
  /** The one with the most hours first. */
  projects: ProjectColumn[];
  people: { row: TimesheetRow; msByProject: Map<string, number> }[];
  totalMs: number;
}

/** `null` if the query's rows say nothing of projects. */
export function byProject({ people, totalMs }: Timesheet): ProjectMatrix | null {
  const projects = new Map<string, ProjectColumn>();
  const rows = people.map((row) => {
    for (const { key, label, id, totalMs: ms } of row.children) {
      const column = projects.get(key) ?? { key, label, id, totalMs: 0 };
      projects.set(key, { ...column, totalMs: column.totalMs + ms });
    }
    return { row, msByProject: new Map(row.children.map(({ key, totalMs: ms }) => [key, ms])) };
  });
  if (projects.size === 0) return null;
  const sorted = [...projects.values()].sort((a, b) => b.totalMs - a.totalMs || a.label.localeCompare(b.label, 'en')); // prettier-ignore
  return { projects: sorted, people: rows, totalMs };
}
