import { describe, expect, it, test } from 'vitest';
import { kindOf } from '../data/frame';
import { namedColor, Palette } from './colors';
import { fieldConfig, shown, thresholdColor } from './field';
import { columnDecimals, figureText, numberText } from './value';

test.each([
  [1204, {}, '1,204'],
  [0, {}, '0'],
  [0.123456, {}, '0.12'],
  [0.000123, {}, '0.00012'],
  [12.345, {}, '12.3'],
  [1.5, { decimals: 3 }, '1.500'],
  [12_345, { unit: 'short' }, '12.3 k'],
  [1500, { unit: 'ms' }, '1.5 s'],
  [0, { unit: 'ms' }, '0 s'],
  [7200, { unit: 's' }, '2 h'],
  [1.75, { unit: 'h' }, '1.8 h'],
  [1536, { unit: 'bytes' }, '1.5 KiB'],
  [0.25, { unit: 'percentunit' }, '25%'],
  [3, { unit: 'suffix: events' }, '3 events'],
  [3, { unit: 'a unit of later times' }, '3'],
  [NaN, {}, '–'],
])('%s with %j is %s', (value, style, expected) => expect(figureText(value, style)).toBe(expected));

test.each([
  [[1, 2, null], 0],
  [[0.5, 2], 2],
  [[0.5, 0.25], 4],
  [[1234.5], 0],
])('%j is shown with %d decimals', (values, expected) => expect(columnDecimals(values)).toBe(expected));

test('minus zero is zero', () => expect(numberText(-0)).toBe('0'));

const column = (type: string) => ({ name: 'n', type, kind: kindOf(type) });

test.each([
  [5, 'UInt64', {}, '5'],
  [null, 'Nullable(UInt64)', {}, '–'],
  [null, 'Nullable(UInt64)', { noValue: 'none' }, 'none'],
  [1_000, 'DateTime', {}, '1970-01-01 00:00:01'],
  // Milliseconds are for whom asks for them.
  [1_250, 'DateTime64(3)', {}, '1970-01-01 00:00:01'],
  [1_250, 'DateTime64(3)', { unit: 'dateTimeAsIso' }, '1970-01-01 00:00:01'],
  [1_250, 'DateTime64(3)', { unit: 'time:YYYY-MM-DD HH:mm:ss.SSS' }, '1970-01-01 00:00:01.250'],
  [1_250, 'DateTime64(3)', { unit: 'time:DD.MM.YYYY HH:mm' }, '1970-01-01 00:00'],
  [1_250, 'DateTime64(3)', { unit: 'time:HH:mm' }, '00:00'],
  [1_250, 'DateTime64(3)', { unit: 'time:YYYY-MM-DD' }, '1970-01-01'],
  [86_400_000, 'Date', { unit: 'time:HH:mm' }, '1970-01-02'],
  ['a', 'String', {}, 'a'],
  [[1, 2], 'Array(UInt8)', {}, '[1,2]'],
  [1, 'UInt8', { mappings: [{ type: 'value', options: { 1: { text: 'yes' } } }] }, 'yes'],
  [
    7,
    'UInt8',
    { mappings: [{ type: 'range', options: { from: 5, to: 9, result: { text: 'some' } } }] },
    'some',
  ],
  [
    null,
    'String',
    { mappings: [{ type: 'special', options: { match: 'null', result: { text: 'no' } } }] },
    'no',
  ],
])('%j of %s with %j is shown as %s', (value, type, config, expected) => {
  expect(shown(value, column(type), config, 'utc').text).toBe(expected);
});

describe('thresholds', () => {
  const steps = (...values: [number | null, string][]) => values.map(([value, color]) => ({ value, color }));
  it.each([
    [4, { thresholds: { steps: steps([null, 'green'], [5, 'red']) } }, null],
    [5, { thresholds: { steps: steps([null, 'green'], [5, 'red']) } }, 'var(--bad)'],
    [90, { thresholds: { steps: steps([null, 'green'], [80, 'red']) } }, null],
    [
      3,
      { min: 0, max: 4, thresholds: { mode: 'percentage', steps: steps([null, 'green'], [70, 'red']) } },
      'var(--bad)',
    ],
    [
      5,
      { color: { mode: 'palette-classic' }, thresholds: { steps: steps([null, 'green'], [5, 'red']) } },
      null,
    ],
  ])('%d with %j', (value, config, expected) => expect(thresholdColor(value, config)).toBe(expected));
});

test.each([
  ['job_id', { unit: 'none', decimals: 0 }, '1000009'],
  ['id', {}, '1000009'],
  ['paid', {}, '1,000,009'],
  ['user_id', { unit: 'locale' }, '1,000,009'],
])('a number of the column %s with %j is %s', (name, config, expected) => {
  expect(shown(1_000_009, { ...column('UInt64'), name }, config, 'utc').text).toBe(expected);
});

test('the last override that matches wins', () => {
  const panel = {
    fieldConfig: {
      defaults: { unit: 's', custom: { width: 10 } },
      overrides: [
        { matcher: { id: 'byType', options: 'number' }, properties: [{ id: 'unit', value: 'h' }] },
        { matcher: { id: 'byName', options: 'n' }, properties: [{ id: 'custom.width', value: 20 }] },
        { matcher: { id: 'byRegexp', options: '/^N$/i' }, properties: [{ id: 'displayName', value: 'N' }] },
        { matcher: { id: 'byName', options: 'other' }, properties: [{ id: 'unit', value: 'd' }] },
      ],
    },
  };
  expect(fieldConfig(panel, column('UInt8'))).toEqual({ unit: 'h', custom: { width: 20 }, displayName: 'N' });
});

describe('colours of series', () => {
  const look = (palette: Palette, name: string) => `${palette.colorOf(name)} ${palette.dashOf(name)}`;
  const names = Array.from({ length: 24 }, (_, i) => `Person #${i}`);

  it('are by name, whoever comes first', () => {
    const found = names.slice(0, 8).map((name) => new Palette().colorOf(name));
    expect(names.slice(0, 8).map((name) => new Palette().colorOf(name))).toEqual(found);
    expect(new Set(found).size).toBeGreaterThan(3);
  });
  it('differ as long as there are some', () => {
    const palette = new Palette();
    expect(new Set(names.slice(0, 8).map((name) => palette.colorOf(name))).size).toBe(8);
    expect(new Set(names.map((name) => look(palette, name))).size).toBe(24);
    // Who comes after that shares one.
    expect(look(palette, 'another')).toMatch(/^var\(--series-\d\)/);
  });
  it('are kept, in whatever order they come the next time', () => {
    let kept: Record<string, number> = {};
    const memory = { read: () => ({ ...kept }), write: (slots: typeof kept) => (kept = slots) };
    const first = new Palette(memory);
    const before = names.map((name) => look(first, name));
    const second = new Palette(memory);
    const after = [...names].reverse().map((name) => look(second, name));
    expect(after.reverse()).toEqual(before);
  });
});

test('colours of files', () => {
  expect(namedColor('semi-dark-red')).toBe('var(--bad)');
  expect(namedColor('#ff0000')).toBe('#ff0000');
  expect(namedColor('url(x)')).toBe('var(--text)');
});
