import { expect, test } from 'vitest';
import type { GrafanaPanel } from './grafana';
import { targetsOf, typedNumber, withCustom, withDefaults, withJson, withNewTarget, withoutTarget, withPlace, withTarget } from './panel'; // prettier-ignore

const two: GrafanaPanel = {
  title: 'Two',
  targets: [
    { refId: 'A', rawSql: 'SELECT 1', format: 0 },
    { refId: 'C', rawSql: 'SELECT 3', format: 1 },
  ],
};

test('a panel without queries begins with an empty one', () => {
  expect(targetsOf({})).toEqual([{ refId: 'A', rawSql: '', format: 1 }]);
  expect(targetsOf({ targets: [] })).toEqual([{ refId: 'A', rawSql: '', format: 1 }]);
});

test.each<[string, GrafanaPanel, string[]]>([
  ['changed', withTarget(two, 1, { rawSql: 'SELECT 4' }), ['A 0 SELECT 1', 'C 1 SELECT 4']],
  ['added', withNewTarget(two, 0), ['A 0 SELECT 1', 'C 1 SELECT 3', 'B 0 ']],
  ['added to none', withNewTarget({}, 0), ['A 1 ', 'B 1 ']],
  ['removed', withoutTarget(two, 0), ['C 1 SELECT 3']],
])('a query is %s', (_, panel, expected) => {
  expect(targetsOf(panel).map(({ refId, format, rawSql }) => `${refId} ${format} ${rawSql}`)).toEqual(
    expected,
  );
});

test('defaults are set and taken away, and others stay', () => {
  const panel: GrafanaPanel = { fieldConfig: { defaults: { unit: 'ms', decimals: 2 }, overrides: [] } };
  expect(withDefaults(panel, { unit: undefined, min: 0 }).fieldConfig).toEqual({
    defaults: { decimals: 2, min: 0 },
    overrides: [],
  });
  const styled = withCustom(withCustom(panel, { fillOpacity: 10 }), { lineWidth: 2 });
  expect(styled.fieldConfig?.defaults?.custom).toEqual({ fillOpacity: 10, lineWidth: 2 });
});

test.each([
  [3.4, 3],
  [-2, 0],
])('the place %s is %s', (value, expected) => {
  expect(withPlace({ gridPos: { x: 1, w: 12 } }, 'x', value).gridPos).toEqual({ x: expected, w: 12 });
});

test('JSON is taken where it is an object', () => {
  expect(withJson(two, '{"title": "One"}')).toEqual({ ...two, title: 'One' });
  for (const text of ['[]', 'null', '5', '{']) expect(() => withJson(two, text)).toThrow();
});

test.each([['', undefined], [' ', undefined], ['x', undefined], ['0', 0], [' 2.5 ', 2.5]])('%j is typed as %s', (text, expected) => {
  expect(typedNumber(text)).toBe(expected);
}); // prettier-ignore
