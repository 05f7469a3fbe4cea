import { expect, test } from 'vitest';
import { kindOf } from '../data/frame';
import { byPriority } from './priority';

const columns = (text: string) =>
  text.split(' ').map((one) => {
    const [name, type = 'String'] = one.split(':') as [string, string?];
    return { column: { name, type, kind: kindOf(type) }, look: 'text' as const };
  });

test.each([
  ['scope timestamp:DateTime64(3) user_id:UInt64 user_name payload', undefined, 'user_name timestamp scope user_id payload'],
  ['Day:Date User First:DateTime Hours:Float64 user_id:UInt64', 'Day', 'User Day First Hours user_id'],
  ['Project People:UInt64 Hours:Float64', 'Hours', 'Project Hours People'],
  ['User Project Task Hours:Float64', 'Hours', 'User Hours Project Task'],
  ['Scope Source Events:UInt64', 'Events', 'Scope Events Source'],
  ['a b', undefined, 'a b'],
])('%s, sorted by %s, begins otherwise where there is little room', (given, sorted, expected) => {
  const found = byPriority(columns(given), sorted);
  expect(found.map(({ column }) => column.name).join(' ')).toBe(expected);
}); // prettier-ignore
