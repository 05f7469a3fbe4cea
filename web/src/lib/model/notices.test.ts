import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import known from '../../../../crates/server/src/dashboards/known.json';
import { PANEL_TYPES, parseDashboard, SUCCESSORS, type PanelType } from './dashboard';
import type { GrafanaDashboard, GrafanaPanel } from './grafana';
import { dashboardNotices, panelNotices, TRANSFORMATIONS } from './notices';
import { KINDS } from './variable';

const override = (matcher: string, ...ids: [string, unknown?][]): GrafanaPanel => ({
  fieldConfig: {
    overrides: [{ matcher: { id: matcher }, properties: ids.map(([id, value]) => ({ id, value })) }],
  },
});

const custom = (custom: Record<string, unknown>): GrafanaPanel => ({ fieldConfig: { defaults: { custom } } });

test.each<[GrafanaPanel, string[]]>([
  [{}, []],
  [override('byName', ['unit', 'h'], ['custom.width', 80], ['custom.cellOptions', { type: 'json-view' }]), []],
  [override('byName', ['custom.lineStyle', { fill: 'dash' }]), []],
  [override('byName', ['custom.fillBelowTo', 'b']), ['The field option custom.fillBelowTo is not applied here.']],
  [override('byName', ['custom.cellOptions', { type: 'sparkline' }]), ['Cells of the type sparkline are shown as text.']],
  [override('byValue', ['unit', 'h']), ['Overrides for fields byValue are not applied here.']],
  [{ fieldConfig: { overrides: [{ __systemRef: 'hideSeriesFrom', matcher: { id: 'odd' } }] } }, []],
  [{ fieldConfig: { defaults: { custom: { displayMode: 'auto' }, color: { mode: 'thresholds' } } } }, []],
  [{ fieldConfig: { defaults: { color: { mode: 'continuous-GrYlRd' } } } }, ['The colour scheme continuous-GrYlRd is not used here.']],
  [{ fieldConfig: { defaults: { mappings: [{ type: 'value' }, { type: 'odd' }] } } }, ['Value mappings of the type odd are not applied here.']],
  [{ fieldConfig: { defaults: { unit: 'currencyUSD' } } }, ['The unit currencyUSD is not known here: figures stand without it.']],
  [{ fieldConfig: { defaults: { links: [{}] } } }, []],
  [custom({ lineInterpolation: 'smooth', stacking: { mode: 'percent' }, scaleDistribution: { type: 'log', log: 2 }, thresholdsStyle: { mode: 'area' } }), []],
  [custom({ gradientMode: 'scheme' }), ['The field option custom.gradientMode is scheme in the file, which is not drawn here.']],
  [custom({ thresholdsStyle: { mode: 'series' } }), ['The field option custom.thresholdsStyle is series in the file, which is not drawn here.']],
  [custom({ transform: 'negative-Y' }), ['The field option custom.transform is not applied here.']],
  [{ repeat: 'users', timeFrom: '2h', transformations: [{ id: 'merge' }, { id: 'merge' }, { id: 'pivot', disabled: true }, { id: 'reduce' }] },
    ['The transformation merge is not applied here.']],
  [{ targets: [{ refId: 'A', rawSql: '' }, { refId: 'B' }, { refId: 'C', hide: true }], links: [{}] },
    ['Query B has no SQL, so it is not asked.']],
])('%j', (panel, expected) => {
  expect(panelNotices(panel, 'timeseries')).toEqual(expected);
}); // prettier-ignore

test.each<[PanelType | null, Record<string, unknown>, string[]]>([
  ['stat', { graphMode: 'area', colorMode: 'background', textMode: 'auto' }, []],
  ['stat', { textMode: 'name', reduceOptions: { values: true, fields: '/x/' } },
    ['The option textMode is name in the file, which is not done here.', 'Each row as a figure of its own is not done here.', 'It is not limited to the fields /x/ here.']],
  ['barchart', { orientation: 'vertical', stacking: 'none' }, ['The option orientation is vertical in the file, which is not done here.']],
  ['table', { orientation: 'vertical' }, []],
  ['bargauge', { displayMode: 'lcd', orientation: 'vertical', valueMode: 'text' }, []],
  ['bargauge', { displayMode: 'odd' }, ['The option displayMode is odd in the file, which is not done here.']],
  ['heatmap', { calculate: true, showValue: 'auto' }, []],
  [null, { orientation: 'vertical' }, []],
])('a %s with %j', (type, options, expected) => {
  expect(panelNotices({ options }, type)).toEqual(expected);
}); // prettier-ignore

test('annotations of one’s own are named', () => {
  const list = [{ name: 'Annotations & Alerts', builtIn: 1 }, { name: 'Releases', enable: true }, { name: 'Old', enable: false }, { name: 'Deploys', target: { rawSql: 'SELECT 1' } }, { name: 'Days', dates: [] }]; // prettier-ignore
  expect(dashboardNotices({ annotations: { list } })).toEqual([
    'The annotations Releases are not shown here.',
  ]);
});

test('links that cannot be followed are named', () => {
  const links = [{ type: 'link', title: 'Run', url: 'javascript:alert(1)' }, { type: 'dashboards', tags: ['a'] }]; // prettier-ignore
  expect(dashboardNotices({ links })).toEqual(['The link Run cannot be followed here.']);
});

test('the server names what the page does not know', () => {
  expect(known.panel_types).toEqual([...PANEL_TYPES, ...Object.keys(SUCCESSORS)]);
  expect(known.transformations).toEqual(TRANSFORMATIONS);
  expect(known.variable_types).toEqual([...KINDS, 'datasource']);
});

test('our own dashboards leave nothing out', () => {
  for (const uid of ['all-events', 'job', 'management', 'monitoring', 'my-hours', 'project', 'team', 'timesheet']) {
    const file = JSON.parse(readFileSync(`../dashboards/${uid}.json`, 'utf8')) as GrafanaDashboard;
    const { notices, sections } = parseDashboard(uid, file);
    expect([...notices, ...sections.flatMap(({ panels }) => panels.flatMap(({ notices }) => notices))]).toEqual([]);
  }
}); // prettier-ignore
