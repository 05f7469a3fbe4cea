/** Moves and sizes the panels of a dashboard's file, within a section or into another. */
import { positionOf } from './dashboard';
import type { GrafanaDashboard, GrafanaPanel, GridPos } from './grafana';
import { bottom, COLUMNS, compacted, placed, type Box } from './layout';

/** Where a panel is put: lines count from the top of the section, which is named by its id. */
export interface Place extends GridPos {
  section: number;
}

/** A row and what is below it, up to the next row; what comes after a folded row has none. */
interface Shelf {
  /** As the section of a dashboard that is shown. */
  id: number;
  row: GrafanaPanel | null;
  panels: GrafanaPanel[];
}

const sectionOf = ({ id }: Shelf) => id;

export function placeOf(dashboard: GrafanaDashboard, id: number): Place | null {
  for (const shelf of shelvesOf(dashboard)) {
    const box = boxesOf(shelf).find((box) => box.id === id);
    if (box) return { section: sectionOf(shelf), x: box.x, y: box.y, w: box.w, h: box.h };
  }
  return null;
}

/** The panel at its new place; others give way, and what is below moves with them. */
export function movePanel(dashboard: GrafanaDashboard, id: number, to: Place): GrafanaDashboard {
  const shelves = shelvesOf(dashboard);
  const from = shelves.find(({ panels }) => panels.some((panel) => panel.id === id));
  const into = shelves.find((shelf) => sectionOf(shelf) === to.section);
  if (!from || !into) return dashboard;
  const panel = from.panels.find((panel) => panel.id === id)!;
  const arranged = shelves.map((shelf) => {
    if (shelf === into) {
      const others = shelf.panels.filter((other) => other !== panel);
      return withBoxes({ ...shelf, panels: [...others, panel] }, placed(boxesOf(shelf), { ...to, id }));
    }
    if (shelf !== from) return shelf;
    const others = { ...shelf, panels: shelf.panels.filter((other) => other !== panel) };
    return withBoxes(others, compacted(boxesOf(others)));
  });
  return { ...dashboard, panels: stacked(arranged) };
}

/** The row folded or unfolded, as Grafana keeps it: a folded one holds its panels, and what is below moves up. */
export function foldRow(dashboard: GrafanaDashboard, id: number, collapsed: boolean): GrafanaDashboard {
  const shelves = shelvesOf(dashboard).map((shelf) =>
    shelf.row?.id === id ? { ...shelf, row: { ...shelf.row, collapsed } } : shelf,
  );
  return { ...dashboard, panels: stacked(shelves) };
}

export type Step = 'left' | 'right' | 'up' | 'down' | 'wider' | 'narrower' | 'higher' | 'lower';

/** One step by key: the next place that differs from this one. */
export function nudgePanel(dashboard: GrafanaDashboard, id: number, step: Step): GrafanaDashboard {
  const place = placeOf(dashboard, id);
  if (place === null) return dashboard;
  const to = (change: Partial<Place>) => movePanel(dashboard, id, { ...place, ...change });
  switch (step) {
    case 'left':
      return to({ x: place.x - 1 });
    case 'right':
      return to({ x: place.x + 1 });
    case 'wider':
      return to({ w: Math.min(place.w + 1, COLUMNS - place.x) });
    case 'narrower':
      return to({ w: place.w - 1 });
    case 'higher':
      return to({ h: place.h - 1 });
    case 'lower':
      return to({ h: place.h + 1 });
  }
  // Boxes move up as far as they can, so some lines down are no other place.
  const shelves = shelvesOf(dashboard);
  const here = shelves.findIndex((shelf) => sectionOf(shelf) === place.section);
  const end = bottom(boxesOf(shelves[here]!));
  const lines = step === 'up' ? place.y : end - place.y;
  for (let n = 1; n <= lines; n++) {
    const moved = to({ y: place.y + (step === 'up' ? -n : n) });
    if (placeOf(moved, id)!.y !== place.y) return moved;
  }
  const next = shelves[here + (step === 'up' ? -1 : 1)];
  if (!next) return dashboard;
  return to({ section: sectionOf(next), y: step === 'up' ? bottom(boxesOf(next)) : 0 });
}

function shelvesOf({ panels = [] }: GrafanaDashboard): Shelf[] {
  const shelves: Shelf[] = [{ id: 0, row: null, panels: [] }];
  const ordered = [...panels].sort(byPosition);
  for (const panel of ordered) {
    const id = panel.id ?? 0;
    if (panel.type === 'row') {
      shelves.push({ id, row: panel, panels: [...(panel.panels ?? [])].sort(byPosition) });
      if (panel.collapsed === true) shelves.push({ id: -id, row: null, panels: [] });
    } else shelves.at(-1)!.panels.push(panel);
  }
  return shelves;
}

function byPosition(a: GrafanaPanel, b: GrafanaPanel): number {
  const [p, q] = [positionOf(a), positionOf(b)];
  return p.y - q.y || p.x - q.x;
}

/** Lines from the section's own top. */
function boxesOf({ panels }: Shelf): Box[] {
  const boxes = panels.map((panel) => ({ ...positionOf(panel), id: panel.id ?? 0 }));
  const top = Math.min(...boxes.map(({ y }) => y));
  return boxes.map((box) => ({ ...box, y: box.y - top }));
}

function withBoxes(shelf: Shelf, boxes: Box[]): Shelf {
  const panels = shelf.panels.map((panel) =>
    at(
      panel,
      boxes.find(({ id }) => id === panel.id)!,
    ),
  );
  return { ...shelf, panels: panels.sort(byPosition) };
}

/** All shelves one below the other; a folded row holds its panels, and takes one line. */
function stacked(shelves: Shelf[]): GrafanaPanel[] {
  let line = 0;
  return shelves.flatMap((shelf) => {
    const { row } = shelf;
    if (row !== null) line += 1;
    const boxes = boxesOf(shelf);
    const panels = shelf.panels.map((panel, i) => at(panel, { ...boxes[i]!, y: line + boxes[i]!.y }));
    const head = row && at(row, { x: 0, y: line - 1, w: COLUMNS, h: 1 });
    if (head?.collapsed === true) {
      const isSame =
        panels.every((panel, i) => panel === head.panels?.[i]) && panels.length === head.panels?.length;
      return [isSame ? head : { ...head, panels }];
    }
    line += bottom(boxes);
    if (head === null) return panels;
    return [head.panels?.length ? { ...head, panels: [] } : head, ...panels];
  });
}

/** The same object if it is there already: what did not move did not change. */
function at(panel: GrafanaPanel, { x, y, w, h }: GridPos): GrafanaPanel {
  const now = panel.gridPos;
  const isThere = now?.x === x && now.y === y && now.w === w && now.h === h;
  return isThere ? panel : { ...panel, gridPos: { ...now, x, y, w, h } };
}
