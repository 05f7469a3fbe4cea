import { expect, test } from 'vitest';
import { kindOf, type Frame } from '../data/frame';
import type { GrafanaPanel } from '../model/grafana';
import { stateBars, stateLanes } from './states';

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});
const SPAN = { time: 'DateTime', end: 'Nullable(DateTime)', state: 'String' };
const NUMBERS = { time: 'DateTime', n: 'UInt8' };
const RANGE = { from: 0, to: 100 };

const said = (panel: GrafanaPanel, frames: Frame[]) =>
  stateLanes(panel, frames, RANGE, 'utc')?.map(
    ({ name, spans }) =>
      `${name}: ${spans.map(({ fromMs, toMs, text }) => `${fromMs}–${toMs} ${text}`).join(', ')}`,
  );

test.each<[string, GrafanaPanel, Frame, string[] | undefined]>([
  ['until the next row, the last to the end', {}, frame({ time: 'DateTime', s: 'String' }, [20, 'b'], [10, 'a']), ['s: 10–20 a, 20–100 b']],
  ['what began before, and what is beyond', {}, frame({ time: 'DateTime', s: 'String' }, [-50, 'x'], [-20, 'a'], [90, 'b'], [120, 'c']), ['s: 0–90 a, 90–100 b']],
  ['the same again is one', {}, frame({ time: 'DateTime', s: 'String' }, [10, 'a'], [20, 'a'], [30, 'b']), ['s: 10–30 a, 30–100 b']],
  ['or not', { options: { mergeValues: false } }, frame({ time: 'DateTime', s: 'String' }, [10, 'a'], [20, 'a']), ['s: 10–20 a, 20–100 a']],
  ['nothing is a gap', {}, frame({ time: 'DateTime', s: 'Nullable(String)' }, [10, 'a'], [20, null], [30, 'b']), ['s: 10–20 a, 30–100 b']],
  ['or is spanned', { fieldConfig: { defaults: { custom: { spanNulls: true } } } }, frame({ time: 'DateTime', s: 'Nullable(String)' }, [10, 'a'], [20, null], [30, 'b']), ['s: 10–30 a, 30–100 b']],
  ['until the second time', {}, frame(SPAN, [10, 15, 'a'], [20, null, 'b'], [30, 300, 'c']), ['state: 10–15 a, 20–30 b, 30–100 c']],
  ['a lane for each field', {}, frame({ time: 'DateTime', a: 'String', b: 'Bool' }, [10, 'x', true]), ['a: 10–100 x', 'b: 10–100 true']],
  ['no time', {}, frame({ a: 'String' }, ['x']), undefined],
  ['no state', {}, frame({ time: 'DateTime' }, [1]), undefined],
])('%s', (_, panel, given, expected) => expect(said(panel, [given])).toEqual(expected)); // prettier-ignore

test.each([
  [{ color: { mode: 'thresholds' }, thresholds: { steps: [{ color: 'green', value: null }, { color: 'red', value: 5 }] } }, ['var(--good)', 'var(--bad)']],
  [{ color: { mode: 'fixed', fixedColor: 'red' } }, ['var(--bad)', 'var(--bad)']],
  [{ mappings: [{ type: 'value', options: { 7: { text: 'seven', color: 'blue' } } }] }, [null, 'var(--series-1)']],
  [{}, [null, null]],
])('colours of %j', (defaults, expected) => {
  const panel = { fieldConfig: { defaults } };
  const [lane] = stateLanes(panel, [frame(NUMBERS, [10, 1], [20, 7])], RANGE, 'utc')!;
  expect(lane!.spans.map(({ color }) => color)).toEqual(expected);
}); // prettier-ignore

test('a field that is called by its labels has the overrides of both names', () => {
  const given = frame({ time: 'DateTime', Lena: 'String' }, [1, 'a']);
  Object.assign(given.columns[1]!, { of: 'state' });
  const override = (name: string, id: string, value: unknown) => ({ matcher: { id: 'byName', options: name }, properties: [{ id, value }] }); // prettier-ignore
  const panel = { fieldConfig: { overrides: [override('state', 'links', [1]), override('Lena', 'displayName', 'L')] } }; // prettier-ignore
  expect(stateLanes(panel, [given], RANGE, 'utc')![0]).toMatchObject({ name: 'L', config: { links: [1] } });
});

test('spans that are too short to see are drawn as one', () => {
  const span = ([fromMs, toMs]: number[]) => ({ fromMs: fromMs!, toMs: toMs!, value: '', text: '', color: null, row: 0 }); // prettier-ignore
  const bars = stateBars([[0, 10], [10, 11], [11, 12], [12, 50]].map(span), { from: 0, to: 1000 }, 1000); // prettier-ignore
  expect(bars.map(({ xPx, widthPx, spans }) => `${xPx}+${widthPx} (${spans.length})`)).toEqual(['0+10 (1)', '10+3 (2)', '12+38 (1)']); // prettier-ignore
});
