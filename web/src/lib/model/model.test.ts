import { describe, expect, it, test } from 'vitest';
import { parseDashboard } from './dashboard';
import { optionsOfRows, writtenOptions } from './options';
import {
  ALL,
  chosen,
  circular,
  closure,
  parseVariable,
  queryValue,
  referencesIn,
  type Variable,
} from './variable';

const variable = (source: object): Variable => parseVariable({ name: 'v', type: 'query', ...source })!;

test.each([
  ['scope IN (${scopes}) AND $user', ['scopes', 'user']],
  ['${a:csv} [[b]] [[c:raw]] ${a}', ['a', 'b', 'c']],
  ['$__timeFilter(t) ${__from}', []],
  ['1', []],
])('%s refers to %j', (text, expected) => {
  expect(referencesIn(text)).toEqual(expected);
});

describe('chains', () => {
  const projects = variable({ name: 'projects', query: 'SELECT 1' });
  const tasks = variable({ name: 'tasks', query: 'SELECT $projects' });
  const jobs = variable({ name: 'jobs', query: 'SELECT ${tasks}' });

  it('follow references of references', () => {
    expect(closure(['jobs'], [jobs, tasks, projects])).toEqual(['jobs', 'tasks', 'projects']);
  });
  it('may be a circle', () => {
    const a = variable({ name: 'a', query: '$b' });
    const b = variable({ name: 'b', query: '$a' });
    const self = variable({ name: 'self', query: '$self' });
    expect(circular([a, b, self, tasks, projects])).toEqual(['a', 'b', 'self']);
  });
});

const options = [
  { value: '1', text: 'one' },
  { value: '2', text: 'two' },
];

test.each([
  [{ includeAll: true }, undefined, [ALL]],
  [{ includeAll: true, current: { value: ['$__all'] } }, undefined, [ALL]],
  [{ includeAll: true, multi: true }, ['All'], [ALL]],
  [{ includeAll: true, multi: true }, ['5', '7'], ['5', '7']],
  [{ includeAll: true, multi: true }, [], []],
  [{ multi: true, current: { value: [5] } }, undefined, ['5']],
  [{}, ['2', '3'], ['2']],
  [{}, undefined, ['1']],
  [{ type: 'textbox', query: 'x' }, undefined, ['x']],
  [{ type: 'textbox', query: 'x' }, ['y'], ['y']],
  [{ type: 'textbox', query: 'x' }, [], ['']],
  [
    { type: 'interval', query: '1m,1h', auto: true, current: { value: '$__auto_interval_step' } },
    undefined,
    ['$__auto'],
  ],
  [{ type: 'constant', query: 'c' }, ['y'], ['c']],
])('of %j with %j in the URL is chosen %j', (source, inUrl, expected) => {
  expect(chosen(variable(source), inUrl, options)).toEqual(expected);
});

test.each([
  [{ allValue: '-1' }, [ALL], null, { all: '-1' }],
  [{ allValue: '' }, [ALL], null, null],
  [{}, [ALL], options, ['1', '2']],
  [{ multi: true }, ['1'], null, ['1']],
  [{ multi: true }, [], options, []],
  [{}, ['1'], null, '1'],
  [{}, [], options, ''],
])('%j with %j chosen and options %j is asked with %j', (source, values, known, expected) => {
  expect(queryValue(variable(source), values, known)).toEqual(expected);
});

test.each([
  [{}, ['user_id'], [[5], [7], [null], [5]], ['5 5', '7 7']],
  [{}, ['id', 'name'], [[5, 'Lena']], ['5 Lena']],
  [{}, ['__text', '__value'], [['Lena', 5]], ['5 Lena']],
  [{ sort: 3 }, ['id'], [[10], [9]], ['9 9', '10 10']],
  [{ sort: 2 }, ['id'], [['a'], ['b']], ['b b', 'a a']],
  [{ regex: '/(?<text>\\w+)-(?<value>\\d+)/' }, ['id'], [['a-1'], ['b']], ['1 a']],
  [{ regex: '/^a(.)/' }, ['id'], [['ab'], ['b']], ['b b']],
])('options with %j from columns %j and rows %j', (source, names, rows, expected) => {
  const found = optionsOfRows(variable(source), names.map((name) => ({ name })), rows); // prettier-ignore
  expect(found.map(({ value, text }) => `${value} ${text}`)).toEqual(expected);
});

test('counts of options', () => {
  const columns = [{ name: '__count' }, { name: 'id' }];
  expect(optionsOfRows(variable({}), columns, [[3, 5]])).toEqual([{ value: '5', text: '5', count: 3 }]);
});

test('written options', () => {
  expect(writtenOptions('a, b : 5,c\\,d')).toEqual([
    { text: 'a', value: 'a' },
    { text: 'b', value: '5' },
    { text: 'c,d', value: 'c,d' },
  ]);
});

describe('a dashboard', () => {
  const parsed = parseDashboard('u', {
    title: 'T',
    refresh: false,
    panels: [
      { id: 3, type: 'table', gridPos: { x: 12, y: 9, w: 24, h: 4 } },
      {
        id: 1,
        type: 'stat',
        gridPos: { x: 0, y: 0, w: 4, h: 4 },
        targets: [{ rawSql: 'SELECT 1', format: 1 }, { rawSql: '' }],
      },
      { id: 2, type: 'row', title: 'More', gridPos: { y: 8 } },
      { id: 4, type: 'geomap', gridPos: { y: 20 }, transformations: [{ id: 'groupBy' }] },
      { type: 'row', title: 'Folded', collapsed: true, gridPos: { y: 30 }, panels: [{ type: 'graph' }] },
    ],
    templating: { list: [{ name: 'a', type: 'adhoc' }] },
  });

  it('has its panels in rows', () => {
    const shape = parsed.sections.map(({ title, panels }) => [
      title,
      panels.map(({ id, type, grid }) => [id, type, grid.y, grid.w]),
    ]);
    expect(shape).toEqual([
      [null, [[1, 'stat', 0, 4]]],
      ['More', [[3, 'table', 0, 12], [4, null, 11, 12]]],
      ['Folded', [[6, 'timeseries', 0, 12]]],
    ]); // prettier-ignore
  });
  it('names what it leaves out', () => {
    expect(parsed.notices).toEqual(['The variable a is of the type adhoc, which is not known here.']);
    expect(parsed.sections[1]!.panels[1]!.notices).toEqual([
      'Panels of the type geomap are not shown here. The file keeps this one as it is.',
      'The transformation groupBy is not applied here.',
    ]);
  });
  it('asks only what has SQL', () => {
    expect(parsed.sections[0]!.panels[0]!.targets).toEqual([
      { refId: 'A', sql: 'SELECT 1', isTimeSeries: false },
    ]);
  });
});
