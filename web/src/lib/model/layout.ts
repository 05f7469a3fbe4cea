/** Panels on Grafana's grid of 24 columns: what gives way when one is moved or sized. */
import type { GridPos } from './grafana';

export const COLUMNS = 24;

/** Of a line, between panels, and left and right of all of them, px. */
export const LINE_PX = 30;
export const GAP_PX = 8;
export const PADDING_PX = 12;

/** From one column's beginning to the next one's. */
export function columnPx(gridPx: number): number {
  return (gridPx - 2 * PADDING_PX + GAP_PX) / COLUMNS;
}

export interface Box extends GridPos {
  id: number;
}

/** Within the grid, and of a size that can be seen. */
export function within<T extends GridPos>(box: T): T {
  const w = Math.min(Math.max(box.w, 1), COLUMNS);
  return {
    ...box,
    w,
    h: Math.max(box.h, 1),
    x: Math.min(Math.max(box.x, 0), COLUMNS - w),
    y: Math.max(box.y, 0),
  };
}

/**
 * A box put somewhere, new or from another place: what it meets goes above it where there is room, else
 * below, and pushes on what it meets there; then all move up as far as they can. These are Grafana's rules.
 */
export function placed(boxes: Box[], wanted: Box): Box[] {
  const box = within(wanted);
  const others = boxes.filter(({ id }) => id !== box.id);
  const moved = others.map((other) => {
    const above = { ...other, y: box.y - other.h };
    const isFree = above.y >= 0 && !others.some((third) => third.id !== other.id && collide(third, above));
    return collide(other, box) && isFree ? above : other;
  });
  return compacted([box, ...pushed(box, moved)]);
}

/** Down from where the box is, and each down from those that were. */
function pushed(box: Box, others: Box[]): Box[] {
  const settled = new Map(others.map((other) => [other.id, other]));
  const pushing = [box];
  for (let by = pushing.shift(); by; by = pushing.shift()) {
    // Pushed on since: it pushes from there.
    if (by !== box && settled.get(by.id) !== by) continue;
    for (const other of settled.values()) {
      if (other.id === by.id || !collide(other, by)) continue;
      const lower = { ...other, y: by.y + by.h };
      settled.set(other.id, lower);
      pushing.push(lower);
    }
  }
  return [...settled.values()];
}

/** Without gaps above any box; of two that overlap the lower one gives way. */
export function compacted(boxes: Box[]): Box[] {
  const settled: Box[] = [];
  for (const box of [...boxes].sort((a, b) => a.y - b.y || a.x - b.x)) {
    const collides = (y: number) => settled.find((other) => collide(other, { ...box, y }));
    let { y } = box;
    while (y > 0 && !collides(y - 1)) y -= 1;
    for (let other = collides(y); other; other = collides(y)) y = other.y + other.h;
    settled.push({ ...box, y });
  }
  return settled;
}

/** The least of a panel that is made lower, lines. */
const LEAST_LINES = 5;

/** Boxes no higher than what they show, by id in px; those below them come nearer. */
export function fitted(boxes: Box[], heightsPx: Readonly<Record<number, number>>): Box[] {
  const lower = boxes.map((box) => {
    const needed = Math.ceil(((heightsPx[box.id] ?? Infinity) + GAP_PX) / (LINE_PX + GAP_PX));
    return needed < box.h ? { ...box, h: Math.min(box.h, Math.max(needed, LEAST_LINES)) } : box;
  });
  return lower.every((box, i) => box === boxes[i]) ? boxes : compacted(lower);
}

/** The first line below all of them. */
export function bottom(boxes: GridPos[]): number {
  return boxes.reduce((most, { y, h }) => Math.max(most, y + h), 0);
}

function collide(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
