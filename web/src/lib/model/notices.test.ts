import { expect, test } from 'vitest';
import known from '../../../../crates/server/src/dashboards/known.json';
import { PANEL_TYPES, SUCCESSORS } from './dashboard';
import type { GrafanaPanel } from './grafana';
import { dashboardNotices, panelNotices, TRANSFORMATIONS } from './notices';
import { KINDS } from './variable';

const override = (matcher: string, ...ids: [string, unknown?][]): GrafanaPanel => ({
  fieldConfig: {
    overrides: [{ matcher: { id: matcher }, properties: ids.map(([id, value]) => ({ id, value })) }],
  },
});

test.each<[GrafanaPanel, string[]]>([
  [{}, []],
  [override('byName', ['unit', 'h'], ['custom.width', 80], ['custom.cellOptions', { type: 'json-view' }]), []],
  [override('byName', ['custom.lineStyle', {}]), ['The field option custom.lineStyle is not applied here.']],
  [override('byName', ['custom.cellOptions', { type: 'sparkline' }]), ['Cells of the type sparkline are shown as text.']],
  [override('byValue', ['unit', 'h']), ['Overrides for fields byValue are not applied here.']],
  [{ fieldConfig: { defaults: { custom: { displayMode: 'auto' }, color: { mode: 'thresholds' } } } }, []],
  [{ fieldConfig: { defaults: { color: { mode: 'continuous-GrYlRd' } } } }, ['The colour scheme continuous-GrYlRd is not used here.']],
  [{ fieldConfig: { defaults: { mappings: [{ type: 'value' }, { type: 'odd' }] } } }, ['Value mappings of the type odd are not applied here.']],
  [{ repeat: 'users', transformations: [{ id: 'merge' }, { id: 'merge' }, { id: 'pivot', disabled: true }, { id: 'reduce' }] },
    ['The transformation merge is not applied here.', 'It is not repeated for each value of users.']],
])('%j', (panel, expected) => {
  expect(panelNotices(panel)).toEqual(expected);
}); // prettier-ignore

test('annotations of one’s own are named', () => {
  const list = [{ name: 'Annotations & Alerts', builtIn: 1 }, { name: 'Releases', enable: true }, { name: 'Old', enable: false }]; // prettier-ignore
  expect(dashboardNotices({ annotations: { list } })).toEqual([
    'The annotations Releases are not shown here.',
  ]);
});

test('repeated rows and links that cannot be followed are named', () => {
  const panels = [{ type: 'row', title: 'Each', repeat: 'users' }, { type: 'row', title: 'One' }, { type: 'table' }];
  const links = [{ type: 'link', title: 'Run', url: 'javascript:alert(1)' }, { type: 'dashboards', tags: ['a'] }];
  expect(dashboardNotices({ panels, links })).toEqual([
    'The link Run cannot be followed here.',
    'The row Each is not repeated for each value of users.',
  ]);
}); // prettier-ignore

test('the server names what the page does not know', () => {
  expect(known.panel_types).toEqual([...PANEL_TYPES, ...Object.keys(SUCCESSORS)]);
  expect(known.transformations).toEqual(TRANSFORMATIONS);
  expect(known.variable_types).toEqual([...KINDS, 'datasource']);
});
