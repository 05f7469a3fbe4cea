import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { addPanel } from './edit';
import { exported } from './exporting';
import type { GrafanaDashboard } from './grafana';
import { withType } from './panel';
import { problemsOf } from './grafanaSchema';

/** As somebody makes one here: two panels, a filter and nothing else. */
function made(): GrafanaDashboard {
  const one = addPanel({ title: 'Ours', panels: [], time: { from: 'now-7d', to: 'now' } });
  const two = addPanel(one.dashboard).dashboard;
  const panels = two.panels!.map((panel, i) => (i === 1 ? withType(panel, 'table') : panel));
  const filter = { name: 'users', type: 'query', query: 'SELECT user_id FROM events', multi: true, includeAll: true, current: { value: '$__all' } }; // prettier-ignore
  const step = { name: 'step', type: 'interval', query: '1m,1h', current: { value: '1h' } };
  return { ...two, panels, templating: { list: [filter, step] } };
}

test('one made here is whole for Grafana', () => {
  const file = exported(made(), 'ours', 3);
  expect(problemsOf(file)).toEqual([]);
  expect(file).toMatchObject({
    __inputs: [{ name: 'INPUT_CLICKHOUSE', type: 'datasource', pluginId: 'grafana-clickhouse-datasource' }],
    id: null,
    uid: 'ours',
    version: 3,
    schemaVersion: 39,
    panels: [
      { type: 'timeseries', targets: [{ format: 0 }] },
      { type: 'table', targets: [{ format: 1 }] },
    ],
    templating: {
      list: [
        { type: 'datasource', name: 'DS_CLICKHOUSE', current: { value: '${INPUT_CLICKHOUSE}' } },
        { name: 'users', datasource: { uid: '${DS_CLICKHOUSE}' }, definition: 'SELECT user_id FROM events' },
        {
          name: 'step',
          options: [
            { value: '1m', selected: false },
            { value: '1h', selected: true },
          ],
        },
      ],
    },
  });
});

test.each(['all-events', 'management', 'monitoring', 'timesheet'])('the built-in %s is', (uid) => {
  const built = JSON.parse(readFileSync(`../dashboards/${uid}.json`, 'utf8')) as GrafanaDashboard;
  const file = exported(built, uid, 1);
  expect(problemsOf(file)).toEqual([]);
  // Of the panels nothing is another.
  expect(file.panels).toEqual(built.panels);
});

test('what came from elsewhere stays as it is', () => {
  const odd = { id: 1, type: 'geomap', title: 'Heat', odd: [1.5] };
  const asked = { id: 2, type: 'stat', title: 'S', gridPos: { x: 0, y: 0, w: 1, h: 1 }, fieldConfig: { defaults: {}, overrides: [] }, options: {},
    datasource: { type: 'x', uid: 'u' }, targets: [{ refId: 'A', datasource: { type: 'x', uid: 'u' }, queryType: 'sql', rawSql: '', format: 1 }] }; // prettier-ignore
  const file = exported({ title: 'T', panels: [odd, asked], unknown: true } as GrafanaDashboard, 't', 1);
  expect([file.panels, file.unknown, file.__inputs]).toEqual([[odd, asked], true, []]);
});

test('the check of the schema finds what is wrong', () => {
  expect(problemsOf({ panels: [{ type: 'table', gridPos: { x: 20, y: 0, w: 12, h: 8 } }, {}] })).toEqual([
    'schemaVersion: a whole number is expected',
    'panels.0.gridPos: wider than the grid',
    'panels.1.type: a text is expected',
  ]);
});
