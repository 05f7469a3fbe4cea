/** Which panels are seen first, and how wide: known from the file before anything is drawn. */
import type { Dashboard, Panel } from '../model/dashboard';
import { columnPx, GAP_PX, LINE_PX, PADDING_PX } from '../model/layout';

/** Narrower than this, panels are below each other. */
const PHONE_PX = 760;

export interface FirstPanel {
  panel: Panel;
  widthPx: number;
}

export function firstPanels(
  { sections }: Dashboard,
  viewPanel: number | null,
  window: { widthPx: number; heightPx: number },
): FirstPanel[] {
  const whole = window.widthPx - 2 * PADDING_PX;
  if (viewPanel !== null) {
    const alone = sections.flatMap(({ panels }) => panels).find(({ id }) => id === viewPanel);
    return alone ? [{ panel: alone, widthPx: whole }] : [];
  }
  const [first] = sections;
  if (!first || first.startsCollapsed) return [];
  const seen = first.panels.filter(({ grid }) => grid.y * (LINE_PX + GAP_PX) < window.heightPx);
  return seen.map((panel) => ({
    panel,
    widthPx: window.widthPx <= PHONE_PX ? whole : columnPx(window.widthPx) * panel.grid.w - GAP_PX,
  }));
}
