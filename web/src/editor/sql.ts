/** The editor's SQL: ClickHouse's words, columns of the events, functions, macros and variables. */
import type { Completion, CompletionSource } from '@codemirror/autocomplete';
import { SQLDialect } from '@codemirror/lang-sql';
import { request } from '../lib/api/client';
import { COLUMNS } from './columns';
import { RELATIONS } from './relations';

export const clickhouse = SQLDialect.define({
  keywords:
    'select from where group by order having limit offset with as distinct union all intersect except join inner left right full cross any semi anti on using array asc desc nulls first last fill step to interpolate rollup cube totals prewhere case when then else end and or not in is null like ilike between interval explain settings ties over partition rows range preceding following unbounded current row',
  types:
    'string uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 date date32 datetime datetime64 nullable lowcardinality array tuple map bool uuid',
  builtin: 'true false',
  backslashEscapes: true,
  hashComments: true,
  identifierQuotes: '`"',
});

const MACROS: [string, string][] = [
  ['$__timeFilter(timestamp)', 'rows of the time range, by seconds'],
  ['$__timeFilter_ms(timestamp)', 'rows of the time range, by milliseconds'],
  ['$__timeInterval(timestamp)', 'the bucket of time, as wide as the chart needs'],
  ['$__timeInterval_ms(timestamp)', 'the same, by milliseconds'],
  ['$__fromTime', 'beginning of the range'],
  ['$__toTime', 'end of the range'],
  ['$__interval_s', 'width of a bucket, seconds'],
  ['$__conditionalAll(condition, $variable)', 'the condition, unless all are chosen'],
];

interface FunctionRow {
  name: string;
  arguments: string;
  result: string;
}

let functions: Promise<Completion[]> | null = null;

/** Functions that the server knows, asked for once. */
function functionCompletions(): Promise<Completion[]> {
  functions ??= request('GET', '/api/query/functions').then(
    (rows) =>
      (rows as FunctionRow[]).map(({ name, arguments: taken, result }) => ({
        label: name,
        type: 'function',
        detail: `(${taken}) → ${result}`,
        apply: `${name}(`,
      })),
    () => {
      functions = null;
      return [];
    },
  );
  return functions;
}

/** What is offered while one types, with the dashboard's variables. */
export function completions(variables: string[]): CompletionSource {
  const columns: Completion[] = COLUMNS.map(([label, detail, info]) => ({
    label,
    type: 'property',
    detail,
    boost: 2,
    info,
  }));
  const relations: Completion[] = RELATIONS.map(({ name, info }) => ({ label: name, type: 'type', info }));
  const known = new Set(COLUMNS.map(([name]) => name));
  for (const { name, columns: own } of RELATIONS) {
    for (const [label, detail, info] of own) {
      if (known.has(label)) continue;
      known.add(label);
      columns.push({ label, type: 'property', detail, info: `${name}: ${info}` });
    }
  }
  const dollars: Completion[] = [
    ...variables.map((name): Completion => ({ label: `$${name}`, type: 'variable', boost: 3 })),
    ...MACROS.map(([label, info]): Completion => ({ label, type: 'keyword', info })),
  ];
  return async (context) => {
    const dollar = context.matchBefore(/\$\w*/);
    if (dollar) return { from: dollar.from, options: dollars, validFor: /^\$\w*$/ };
    const word = context.matchBefore(/\w+/);
    if (!word && !context.explicit) return null;
    const options = [
      ...columns,
      { label: 'events', type: 'type' },
      ...relations,
      ...(await functionCompletions()),
    ];
    return { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}
