/** What a panel asks. */
import type { QueryBody } from '../lib/api/client';
import { PANEL_ROWS } from '../lib/api/limits';
import type { Panel } from '../lib/model/dashboard';
import { referencesIn } from '../lib/model/variable';
import { bucketMs, parseSpan } from '../lib/time/interval';
import type { Board } from './board.svelte';
import { firstPageOf, listOf } from './listQuery';

/** A point every so many pixels: finer than that nobody sees. */
const PX_PER_BUCKET = 4;
/** Widths are rounded, so that a scroll bar that comes and goes asks nothing again. */
const WIDTH_STEP_PX = 160;

/** One for each query of the panel; `null` while a filter that it needs is not there yet. */
export function bodiesOf(board: Board, panel: Panel, widthPx: number): QueryBody[] | null {
  const variables = board.values(referencesIn(panel.targets.map(({ sql }) => sql).join('\n')));
  if (variables === null) return null;
  for (const [name, scoped] of Object.entries(panel.scope)) {
    if (scoped === null) return null;
    if (name in variables) variables[name] = typeof variables[name] === 'object' ? [scoped.value] : scoped.value; // prettier-ignore
  }
  const { range } = board.rangeOf(panel);
  const list = listOf(panel);
  if (list !== null) return [{ ...firstPageOf(board, panel, list), variables }];
  const width = Math.max(1, Math.round(widthPx / WIDTH_STEP_PX)) * WIDTH_STEP_PX;
  const points = panel.source.maxDataPoints ?? width / PX_PER_BUCKET;
  const intervalMs = bucketMs(range.to - range.from, points, parseSpan(panel.source.interval ?? '') ?? 0);
  return panel.targets.map(({ sql }): QueryBody => {
    const usesInterval = /\$__(time)?interval/i.test(sql) || sql.includes('$__timeGroup');
    return { sql, range, variables, limit: PANEL_ROWS, ...(usesInterval ? { intervalMs } : {}) };
  });
}
