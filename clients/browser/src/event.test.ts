import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { problemOf, toJson, type Payload } from './event.ts';
import { SCOPES, type Scope } from './scopes.ts';

test('the scopes are those that the server takes from a page', () => {
  const table = readFileSync(new URL('../../../crates/events/src/scope.rs', import.meta.url), 'utf8');
  const constants = new Map(
    [...table.matchAll(/const (\w+): &str = "([^"]+)"/g)].map(([, key, name]) => [key, name]),
  );
  const rows = table.slice(table.indexOf('pub const SCOPES'), table.indexOf('mod tests'));
  const fromPages = /\bclient\(\s*("[^"]+"|\w+)|name: "([^"]+)",\s*sender: ScopeSender::Both/g;
  const names = [...rows.matchAll(fromPages)].map(
    ([, name, both]) => both ?? constants.get(name) ?? name!.slice(1, -1),
  );
  expect(names.length).toBeGreaterThan(30);
  expect([...SCOPES].sort()).toEqual(names.sort());
});

const exception = { message: 'm', filename: 'f', stack: 's', line: 1, column: 2 };

test.each<[string, Payload, string | undefined]>([
  ['click:element', {}, undefined],
  ['send:working_time', {}, 'no scope of a page'],
  ['create:task', {}, 'no scope of a page'],
  ['delete:object', { count: 1 }, undefined],
  ['delete:object', {}, 'count must be an integer from 1 on'],
  ['merge:objects', { count: 0 }, 'count must be an integer from 1 on'],
  ['copy:object', { count: 1.5 }, 'count must be an integer from 1 on'],
  ['action:undo', { count: -1 }, 'count must be an integer from 1 on'],
  ['change:frame', { count: '2' as unknown as number }, 'count must be an integer from 1 on'],
  ['draw:object', { count: 0 }, undefined],
  ['send:exception', exception, undefined],
  ['send:exception', { ...exception, stack: undefined }, 'stack must be a string'],
  ['send:exception', { ...exception, line: '1' }, 'line must be a number'],
])('what CVAT checks: %s %j', (scope, payload, problem) => {
  expect(problemOf(scope as Scope, payload)).toBe(problem);
});

test('fields leave the payload, and the rest is text', () => {
  const p = { obj_name: '', obj_id: 5, count: 2, duration: 1.6, job_id: 7, label: 'car', nested: { a: [1] } };
  const event = JSON.parse(toJson({ scope: 'draw:object', t: 1_000, p }));
  expect(event).toEqual({
    scope: 'draw:object',
    timestamp: '1970-01-01T00:00:01.000Z',
    obj_id: 5,
    count: 2,
    duration: 2,
    job_id: 7,
    payload: '{"label":"car","nested":{"a":[1]}}',
  });
});

test('a payload that is no JSON is refused', () => {
  const loop: Payload = {};
  loop.loop = loop;
  expect(() => toJson({ scope: 'debug:info', t: 0, p: loop })).toThrow(/circular/);
  expect(() => toJson({ scope: 'debug:info', t: 0, p: { big: 1n } })).toThrow(/BigInt/);
});
