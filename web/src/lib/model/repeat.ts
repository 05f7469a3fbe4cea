/** Panels and rows that are shown once for each value of a variable. */
import { bottom, COLUMNS } from './layout';
import type { Panel, Section } from './dashboard';

/** A value that stands for a variable in one copy. */
export interface Scoped {
  value: string;
  text: string;
}

/** By variable; `null` while its values are not known. */
export type Scope = Record<string, Scoped | null>;

/** Values of a variable that are chosen now: `null` while they are not known, none for no such variable. */
export type ValuesOf = (name: string) => Scoped[] | null;

/** Copies beyond these are no overview. */
export const MOST_COPIES = 100;

/** Copies have ids of their own, beyond those that files have. */
const ID_STEP = 1_000_000;

/** Grafana's default. */
const PER_ROW = 4;

export function hasRepeats(sections: Section[]): boolean {
  return sections.some(({ repeat, panels }) => repeat !== null || panels.some(({ repeat }) => repeat !== null));
} // prettier-ignore

/** Each row and each panel with its copies; what is below moves down. */
export function repeated(sections: Section[], valuesOf: ValuesOf): Section[] {
  return sections.flatMap((section) => {
    const { repeat } = section;
    if (repeat === null) return [withCopies(section, valuesOf)];
    return scopes(repeat, valuesOf).map((scope, i) => {
      const id = section.id + i * ID_STEP;
      const panels = section.panels.map((panel) => copyOf(panel, i, scope));
      return withCopies({ ...section, id, panels, scope: { ...section.scope, ...scope } }, valuesOf);
    });
  });
}

function withCopies(section: Section, valuesOf: ValuesOf): Section {
  let lower = 0;
  const panels = section.panels.flatMap((panel) => {
    const here = { ...panel, grid: { ...panel.grid, y: panel.grid.y + lower } };
    if (panel.repeat === null) return [here];
    const copies = placed(
      here,
      scopes(panel.repeat.variable, valuesOf).map((scope, i) => copyOf(here, i, scope)),
    );
    lower += bottom(copies.map(({ grid }) => grid)) - bottom([here.grid]);
    return copies;
  });
  return { ...section, panels };
}

/** One for each value; a single one if there is nothing to choose from. */
function scopes(name: string, valuesOf: ValuesOf): Scope[] {
  const values = valuesOf(name);
  if (values === null) return [{ [name]: null }];
  if (values.length === 0) return [{}];
  return values.slice(0, MOST_COPIES).map((value) => ({ [name]: value }));
}

function copyOf(panel: Panel, i: number, scope: Scope): Panel {
  return { ...panel, id: panel.id + i * ID_STEP, scope: { ...panel.scope, ...scope } };
}

/** Beside each other as wide as they fit, or below each other. */
function placed({ repeat, grid }: Panel, copies: Panel[]): Panel[] {
  if (repeat?.isVertical) return copies.map((copy, i) => ({ ...copy, grid: { ...grid, y: grid.y + i * grid.h } }));
  const perRow = Math.min(Math.max(copies.length, 1), repeat?.maxPerRow ?? PER_ROW);
  const w = Math.floor(COLUMNS / perRow);
  return copies.map((copy, i) => {
    const [column, line] = [i % perRow, Math.floor(i / perRow)];
    return { ...copy, grid: { x: column * w, y: grid.y + line * grid.h, w, h: grid.h } };
  });
} // prettier-ignore
