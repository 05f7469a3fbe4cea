import { expect, test } from 'vitest';
import { messageOf, sameMessageIn, sameMessageQuery } from './exception';
import type { WholeEvent } from './request';

const event = (scope: string, payload: WholeEvent['payload']): WholeEvent => ({ key: 'k', atMs: 0, scope, source: 'server', userId: null, userName: null, requestId: '', payload }); // prettier-ignore

test.each<[string, WholeEvent['payload'], string | null]>([
  ['send:exception', { message: 'division by zero' }, 'division by zero'],
  ['send:exception', { message: '' }, null],
  ['send:exception', { message: 5 }, null],
  ['send:exception', null, null],
  ['update:task', { message: 'division by zero' }, null],
])('of %s with %j the message is %s', (scope, payload, expected) => {
  expect(messageOf(event(scope, payload))).toBe(expected);
});

test.each([
  [[[3, 2, 1000, 5000]], { count: 3, people: 2, firstMs: 1000, lastMs: 5000 }],
  [[['3', '2', 1000, 5000]], { count: 3, people: 2, firstMs: 1000, lastMs: 5000 }],
  [[[0, 0, 0, 0]], null],
  [[], null],
])('%j', (rows, expected) => {
  expect(sameMessageIn({ refId: 'A', columns: [], rows })).toEqual(expected);
});

test('a message is asked for as it is, of all times', () => {
  const { sql, options } = sameMessageQuery("it's 100%", 7000);
  expect(sql).not.toContain("it's");
  expect(options).toEqual({ range: { from: 0, to: 7000 }, params: { message: "it's 100%" } });
});
