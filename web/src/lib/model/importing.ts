/** A file that somebody wants to import: whether it is a dashboard, and what of it will not be shown. */
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { allPanels, parseDashboard } from './dashboard';
import type { GrafanaDashboard } from './grafana';

export type Imported =
  { isFine: true; dashboard: GrafanaDashboard; notices: string[] } | { isFine: false; message: string };

export function imported(text: string): Imported {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { isFine: false, message: `This is not valid JSON: ${firstError(text)}` };
  }
  // Grafana's API wraps it.
  const inner = (value as { dashboard?: unknown } | null)?.dashboard ?? value;
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner))
    return { isFine: false, message: 'A dashboard is a JSON object.' };
  const dashboard = inner as GrafanaDashboard;
  if (typeof dashboard.title !== 'string' || dashboard.title.trim() === '')
    return { isFine: false, message: 'It has no title: is it a dashboard of Grafana?' };
  const parsed = parseDashboard(dashboard.uid ?? '', dashboard);
  const panels = allPanels(parsed).flatMap(({ title, notices }) => notices.map((notice) => `${title || 'A panel'}: ${notice}`)); // prettier-ignore
  return { isFine: true, dashboard, notices: [...parsed.notices, ...panels] };
}

/** What is wrong first, with its place: browsers say it in different ways or not at all. */
function firstError(text: string): string {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const [first] = errors;
  if (!first) return 'it cannot be read.';
  const before = text.slice(0, first.offset);
  const place = `line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
  const words = printParseErrorCode(first.error).replace(/(?!^)([A-Z])/g, ' $1').toLowerCase(); // prettier-ignore
  return `${words} in ${place}.`;
}
