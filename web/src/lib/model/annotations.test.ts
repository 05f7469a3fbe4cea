import { expect, test } from 'vitest';
import { kindOf, type Frame } from '../data/frame';
import { annotationsOfDates, annotationsOfRows, datesText, isShownOn, parseAnnotations, within, writtenDates } from './annotations'; // prettier-ignore
import type { GrafanaAnnotations } from './grafana';

const parsed = (source: GrafanaAnnotations) =>
  parseAnnotations({ annotations: { list: [{ name: 'L', ...source }] } });
const list = (source: GrafanaAnnotations) => parsed(source)[0]!;

test.each<[GrafanaAnnotations, number]>([
  [{ builtIn: 1, target: { rawSql: 'SELECT 1' } }, 0],
  [{ enable: true }, 0],
  [{ target: { rawSql: ' ' } }, 0],
  [{ target: { rawSql: 'SELECT now() AS time' } }, 1],
  [{ dates: [] }, 1],
])('of %j there are %i', (source, n) => expect(parsed(source).length).toBe(n));

test.each<[GrafanaAnnotations['filter'], boolean]>([
  [undefined, true],
  [{ ids: [4] }, true],
  [{ ids: [5] }, false],
  [{ ids: [4], exclude: true }, false],
])('with the filter %j panel 4: %s', (filter, expected) => {
  expect(isShownOn(list({ dates: [], ...(filter ? { filter } : {}) }), 4)).toBe(expected);
});

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});

test.each([
  ['what Grafana calls them', frame({ time: 'DateTime', timeEnd: 'DateTime', text: 'String', tags: 'String' }, [5, 9, 'v2', 'a, b'], [7, 0, 'v3', ''], [null, 1, 'x', '']), {},
    ['5–9 v2 a,b', '7–7 v3 ']],
  ['the first time and text', frame({ at: 'DateTime64(3)', n: 'UInt8', what: 'String' }, [5, 1, 'x']), {}, ['5–5 x ']],
  ['a title above the text', frame({ time: 'DateTime', title: 'String', text: 'String' }, [5, 'T', 'x'], [6, '', 'y']), {}, ['5–5 T\nx ', '6–6 y ']],
  ['columns that the file names', frame({ a: 'DateTime', b: 'DateTime', c: 'String' }, [5, 9, 'x']), { time: { source: 'field', value: 'b' }, text: { value: 'c' } }, ['9–9 x ']],
])('rows by %s', (_, rows, mappings, expected) => {
  const found = annotationsOfRows(list({ dates: [], mappings }), rows);
  expect(found.map(({ fromMs, toMs, text, tags }) => `${fromMs}–${toMs} ${text} ${tags}`)).toEqual(expected);
}); // prettier-ignore

test.each([
  [{ time: '2026-12-25' }, '2026-12-25T05:00:00.000Z', '2026-12-26T04:59:59.999Z'],
  [{ time: '2026-12-24', timeEnd: '2026-12-26' }, '2026-12-24T05:00:00.000Z', '2026-12-27T04:59:59.999Z'],
  [{ time: '2026-12-24 09:30' }, '2026-12-24T14:30:00.000Z', '2026-12-24T14:30:00.000Z'],
  [{ time: '1700000000000' }, '2023-11-14T22:13:20.000Z', '2023-11-14T22:13:20.000Z'],
])('the date %j in New York', (date, from, to) => {
  const [found] = annotationsOfDates(list({ dates: [date, { time: 'soon' }] }), 'America/New_York'); // prettier-ignore
  expect([found!.fromMs, found!.toMs].map((ms) => new Date(ms).toISOString())).toEqual([from, to]);
});

test('those of a range', () => {
  const found = annotationsOfDates(list({ dates: [{ time: '2026-01-01' }, { time: '2026-02-01' }] }), 'utc');
  expect(within(found, { from: Date.UTC(2026, 0, 1, 20), to: Date.UTC(2026, 0, 5) }).length).toBe(1);
});

test.each([
  ['2026-12-25 Christmas', [{ time: '2026-12-25', text: 'Christmas' }], null],
  ['2026-12-24 – 2026-12-26 Days off\n\n2026-11-03 14:00 v2.4', [{ time: '2026-12-24', timeEnd: '2026-12-26', text: 'Days off' }, { time: '2026-11-03 14:00', text: 'v2.4' }], null],
  ['2026-12-25', [{ time: '2026-12-25' }], null],
  ['2026-12-25\nsoon', [{ time: '2026-12-25' }], 'soon'],
  ['2026-13-25 x', [{ time: '2026-13-25', text: 'x' }], '2026-13-25 x'],
])('%j', (text, dates, wrong) => {
  expect(writtenDates(text)).toEqual({ dates, wrong });
  if (wrong === null) expect(writtenDates(datesText(dates)).dates).toEqual(dates);
}); // prettier-ignore
