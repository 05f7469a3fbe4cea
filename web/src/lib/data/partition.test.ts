import { expect, test } from 'vitest';
import { kindOf, type Frame } from './frame';
import { PARTITION, partitioned } from './partition';

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});
const STATES = frame({ time: 'DateTime', who: 'String', state: 'String' }, [1, 'b', 'x'], [2, 'a', 'y'], [3, 'b', 'z']); // prettier-ignore

test.each([
  ['one value is called by what it is of', STATES, { fields: ['who'] }, ['time b: [1,"x"] [3,"z"]', 'time a: [2,"y"]']],
  ['kept', STATES, { fields: ['who'], keepFields: true }, ['time who b: [1,"b","x"] [3,"b","z"]', 'time who a: [2,"a","y"]']],
  ['of two, several values', frame({ a: 'String', b: 'UInt8', n: 'UInt8', m: 'UInt8' }, ['x', 1, 2, 3]), { fields: ['a', 'b'] }, ['x · 1 · n x · 1 · m: [2,3]']],
  ['by nothing that is there', STATES, { fields: ['other'] }, ['time who state: [1,"b","x"] [2,"a","y"] [3,"b","z"]']],
  ['without rows', { ...STATES, rows: [] }, { fields: ['who'] }, ['time who state: ']],
])('%s', (_, given, options, expected) => {
  const parts = partitioned(given, [{ id: PARTITION, options }]);
  expect(parts.map(({ columns, rows }) => `${columns.map(({ name }) => name).join(' ')}: ${rows.map((row) => JSON.stringify(row)).join(' ')}`)).toEqual(expected);
}); // prettier-ignore

test('labels are kept, and what is switched off changes nothing', () => {
  const [first] = partitioned(STATES, [{ id: PARTITION, options: { fields: ['who'] } }]);
  expect(first!.columns[1]).toMatchObject({ name: 'b', of: 'state', labels: { who: 'b' } });
  expect(partitioned(STATES, [{ id: PARTITION, disabled: true, options: { fields: ['who'] } }])).toEqual([STATES]); // prettier-ignore
});
