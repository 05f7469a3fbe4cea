/**
 * Facts of Grafana's schema of dashboards (kinds/dashboard/dashboard_kind.cue, schema version 39), as much of it
 * as a file can break that was made here. Of use to tests alone.
 */

type Check = (value: unknown) => string | null;
type Fields = Record<string, { is: Check; isNeeded?: boolean }>;

const expected =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? null : `${what} is expected`;
const text = expected('a text', (value) => typeof value === 'string');
const flag = expected('true or false', (value) => typeof value === 'boolean');
const whole = expected('a whole number', Number.isInteger);
const list = expected('a list', Array.isArray);
const object = expected(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);
const oneOf = (...values: unknown[]) =>
  expected(`one of ${values.join(', ')}`, (value) => values.includes(value));

const DASHBOARD: Fields = {
  id: { is: nullOr(whole) },
  uid: { is: text },
  title: { is: text },
  description: { is: text },
  schemaVersion: { is: whole, isNeeded: true },
  version: { is: whole },
  tags: { is: list },
  timezone: { is: text },
  editable: { is: flag },
  graphTooltip: { is: oneOf(0, 1, 2) },
  fiscalYearStartMonth: { is: oneOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) },
  liveNow: { is: flag },
  weekStart: { is: text },
  refresh: { is: text },
  time: { is: object },
  timepicker: { is: object },
  links: { is: list },
  annotations: { is: object },
  templating: { is: object },
};

const PANEL: Fields = {
  type: { is: text, isNeeded: true },
  id: { is: whole },
  title: { is: text },
  gridPos: { is: object },
  options: { is: object },
  targets: { is: list },
  transformations: { is: list },
  transparent: { is: flag },
  repeat: { is: nullOr(text) },
  repeatDirection: { is: oneOf('h', 'v') },
};

const VARIABLE: Fields = {
  name: { is: text, isNeeded: true },
  type: {
    is: oneOf(
      'query',
      'adhoc',
      'constant',
      'datasource',
      'interval',
      'textbox',
      'custom',
      'system',
      'groupby',
    ),
    isNeeded: true,
  },
  label: { is: nullOr(text) },
  hide: { is: oneOf(0, 1, 2) },
  skipUrlSync: { is: flag },
  multi: { is: flag },
  includeAll: { is: flag },
  allValue: { is: nullOr(text) },
  refresh: { is: oneOf(0, 1, 2) },
  sort: { is: oneOf(0, 1, 2, 3, 4, 5, 6, 7, 8) },
  regex: { is: text },
  options: { is: list },
  current: { is: object },
};

type Object = Record<string, unknown>;

/** What is wrong with a file, with the place of each. */
export function problemsOf(file: Object): string[] {
  const panels = members(file.panels);
  const variables = members((file.templating as Object | undefined)?.list);
  return [
    ...fieldProblems('', file, DASHBOARD),
    ...panels.flatMap((panel, i) => panelProblems(`panels.${i}`, panel, file)),
    ...variables.flatMap((variable, i) => fieldProblems(`templating.list.${i}.`, variable, VARIABLE)),
  ];
}

function panelProblems(at: string, panel: Object, file: Object): string[] {
  const problems = fieldProblems(`${at}.`, panel, PANEL);
  const grid = panel.gridPos as Record<string, number> | undefined;
  if (grid !== undefined) {
    if (!['x', 'y', 'w', 'h'].every((key) => Number.isInteger(grid[key])))
      problems.push(`${at}.gridPos: x, y, w and h are expected`);
    else if (grid.x! + grid.w! > 24) problems.push(`${at}.gridPos: wider than the grid`);
  }
  const config = panel.fieldConfig as { defaults?: unknown; overrides?: unknown } | undefined;
  if (config !== undefined && (object(config.defaults) ?? list(config.overrides)) !== null)
    problems.push(`${at}.fieldConfig: defaults and overrides are expected`);
  for (const [i, target] of members(panel.targets).entries()) {
    const place = `${at}.targets.${i}`;
    if (text(target.refId) !== null) problems.push(`${place}.refId: a text is expected`);
    if (oneOf(0, 1, 2, 3)(target.format) !== null)
      problems.push(`${place}.format: a number of the ClickHouse data source is expected`);
    const uid = (target.datasource as Object | undefined)?.uid;
    const name = /^\$\{(\w+)\}$/.exec(String(uid))?.[1];
    const variables = members((file.templating as Object | undefined)?.list);
    if (name !== undefined && !variables.some((variable) => variable.name === name))
      problems.push(`${place}.datasource: no variable ${name}`);
  }
  return [
    ...problems,
    ...members(panel.panels).flatMap((inner, i) => panelProblems(`${at}.panels.${i}`, inner, file)),
  ];
}

function fieldProblems(at: string, value: Object, fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, { is, isNeeded }]) => {
    if (value[name] === undefined) return isNeeded ? [`${at}${name}: ${is(undefined)}`] : [];
    const problem = is(value[name]);
    return problem === null ? [] : [`${at}${name}: ${problem}`];
  });
}

function members(value: unknown): Object[] {
  return Array.isArray(value) ? (value as Object[]) : [];
}
