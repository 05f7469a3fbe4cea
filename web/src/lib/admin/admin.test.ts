import { expect, test } from 'vitest';
import { ApiFailure } from '../api/client';
import type { Member, Organization, Token, User } from './model';
import { candidates, leavingOf, matching as matchingOrganizations, namesOf, pick, ranked, removalOf as organizationRemoval, slugOf } from './organizations'; // prettier-ignore
import { madeUp, repeatProblem } from './password';
import { problemsOf } from './problems';
import { expiryOf, revocationOf, usedText } from './tokens';
import { changesOf, counted, formOf, matching, nextSort, removalOf, sorted } from './users';

const NOW = Date.parse('2026-11-25T12:00:00Z');

function user(id: number, username: string, more: Partial<User> = {}): User {
  return {
    id,
    username,
    email: `${username}@example.com`,
    first_name: '',
    last_name: '',
    privilege: 'user',
    has_analytics_access: false,
    is_active: true,
    created_date: `2026-01-0${id}T00:00:00Z`,
    organizations: [],
    tokens: [],
    ...more,
  };
}

function token(more: Partial<Token> = {}): Token {
  const dates = { created_date: '2026-11-01T00:00:00Z', expires_date: null, last_used_date: null };
  return { id: 1, name: 'nightly', scope: 'all', ...dates, ...more };
}

const lena = user(1, 'lena', {
  first_name: 'Lena',
  last_name: 'Berg',
  privilege: 'admin',
  tokens: [token()],
});
const omar = user(2, 'omar', {
  organizations: [{ id: 3, slug: 'acme', name: 'Acme', role: 'owner' }],
  is_active: false,
});
const anna = user(3, 'Anna', { privilege: 'worker' });
const all = [lena, omar, anna];
const names = (users: User[]) => users.map(({ username }) => username);

test.each([
  ['', ['lena', 'omar', 'Anna']],
  ['  BERG ', ['lena']],
  ['acme', ['omar']],
  ['inactive', ['omar']],
  ['#3', ['Anna']],
  ['example worker', ['Anna']],
  ['lena omar', []],
])('%j finds the users %j', (typed, expected) => {
  expect(names(matching(all, typed))).toEqual(expected);
});

test.each([
  ['', ['Anna', 'lena', 'omar']],
  ['-name', ['omar', 'lena', 'Anna']],
  ['privilege', ['lena', 'omar', 'Anna']],
  ['-created', ['Anna', 'omar', 'lena']],
  ['-tokens', ['lena', 'Anna', 'omar']],
  ['nonsense', ['Anna', 'lena', 'omar']],
])('users sorted by %j', (sort, expected) => {
  expect(names(sorted(all, sort))).toEqual(expected);
});

test.each([
  ['', 'name', '-name'],
  ['-name', 'name', ''],
  ['', 'created', 'created'],
  ['created', 'created', '-created'],
  ['-created', 'created', 'created'],
] as const)('sorted by %j, a click on %s asks for %j', (sort, column, expected) => {
  expect(nextSort(sort, column)).toBe(expected);
});

test('only what changed is sent', () => {
  const before = formOf(lena);
  expect(changesOf(before, formOf(lena))).toEqual({});
  expect(changesOf(before, { ...before, email: '', is_active: false })).toEqual({ email: '', is_active: false }); // prettier-ignore
});

test.each([
  [lena, false, /^The login ends/, '1 token stops working.'],
  [lena, true, /your own account/, '1 token stops working.'],
  [omar, false, /^The login ends/, 'The membership of acme ends.'],
] as const)('removing %o says what happens', (user, isSelf, first, second) => {
  const sentences = removalOf(user, isSelf);
  expect(sentences[0]).toMatch(first);
  expect(sentences[1]).toBe(second);
  expect(sentences[2]).toContain(`the id ${user.id}`);
});

test.each([
  [0, '0 tokens'],
  [1, '1 token'],
  [12_000, '12,000 tokens'],
])('%d is counted as %j', (n, expected) => {
  expect(counted(n, 'token')).toBe(expected);
});

const members: Member[] = [
  { user_id: 3, username: 'Anna', role: 'worker' },
  { user_id: 2, username: 'omar', role: 'owner' },
  { user_id: 1, username: 'lena', role: 'owner' },
];
const acme: Organization = { id: 3, slug: 'acme', name: 'Acme Roads', created_date: '2026-01-01T00:00:00Z', members }; // prettier-ignore
const beta: Organization = { ...acme, id: 4, slug: 'Beta', name: '', members: [] };

test('members come with their owners first', () => {
  expect(ranked(members).map(({ username }) => username)).toEqual(['lena', 'omar', 'Anna']);
  expect(namesOf(members, 'owner')).toBe('lena, omar');
  expect(namesOf(members, 'maintainer')).toBe('');
});

test.each([
  ['', ['acme', 'Beta']],
  ['roads', ['acme']],
  ['anna acme', ['acme']],
  ['x', []],
])('%j finds the organizations %j', (typed, expected) => {
  expect(matchingOrganizations([beta, acme], typed).map(({ slug }) => slug)).toEqual(expected);
});

test('who can be taken in', () => {
  const others = [user(5, 'zoe'), user(6, 'carla'), user(7, 'gone', { is_active: false }), lena];
  expect(names(candidates(others, members))).toEqual(['carla', 'zoe']);
});

test.each([
  ['', undefined, false],
  ['le', undefined, false],
  [' LENA ', 'lena', false],
  ['Lena', 'Lena', false],
  ['lenax', undefined, true],
])('typing %j picks %s', (typed, expected, isHopeless) => {
  const picked = pick([{ name: 'lena' }, { name: 'Lena' }], typed);
  expect(picked).toEqual({ found: expected === undefined ? undefined : { name: expected }, isHopeless });
});

test('leaving says who and from where', () => {
  expect(leavingOf('acme', 'lena', 'owner')[0]).toBe('lena, owner, can no longer send or look in acme.');
});

test('removing an organization says how many it concerns', () => {
  expect(organizationRemoval(acme)[0]).toContain('3 members');
  expect(organizationRemoval(beta)[0]).toBe('It has no members.');
});

test.each([
  ['Acme Roads GmbH', 'acme-roads-gmbh'],
  ['  Über & Söhne ', 'uber-sohne'],
  ['abcdefghijklmno pqr', 'abcdefghijklmno'],
  ['日本', ''],
])('%j suggests the slug %j', (name, expected) => {
  expect(slugOf(name)).toBe(expected);
});

test.each([
  [null, 'until it is revoked', 'fine'],
  ['2026-12-25T12:00:00Z', 'until 2026-12-25', 'fine'],
  ['2026-11-28T12:00:00Z', 'ends in 3 days', 'soon'],
  ['2026-11-25T13:00:00Z', 'ends within a day', 'soon'],
  ['2026-11-25T12:00:00Z', 'expired 2026-11-25', 'over'],
])('a token that expires %s is told as %j', (expires_date, text, state) => {
  expect(expiryOf({ expires_date }, NOW, 'utc')).toEqual({ text, state });
});

test.each([
  [null, 'never used'],
  ['2026-11-25T11:00:00Z', 'used within a day'],
  ['2026-11-01T11:00:00Z', 'used 2026-11-01'],
])('a token last used %s is told as %j', (last_used_date, text) => {
  expect(usedText({ last_used_date }, NOW, 'utc')).toBe(text);
  expect(revocationOf(token({ last_used_date }), NOW, 'utc')[1]).toBe(`It was ${text}.`);
});

test.each([
  [new ApiFailure(400, 'x', { username: ['Taken.', 'Short.'], colour: ['Odd.'] }), { username: 'Taken. Short.' }, 'colour: Odd.'], // prettier-ignore
  [new ApiFailure(400, 'x', { non_field_errors: ['Both are needed.'] }), {}, 'Both are needed.'],
  [new ApiFailure(400, 'Not JSON.', { detail: 'Not JSON.' }), {}, 'Not JSON.'],
  [new ApiFailure(400, 'One sentence.'), {}, 'One sentence.'],
  [new ApiFailure(400, 'x', { username: ['there is a user "lena" already'] }), { username: 'There is a user "lena" already.' }, ''], // prettier-ignore
  [new ApiFailure(409, 'this is the last', { detail: 'this is the last' }), {}, 'This is the last.'],
  [new ApiFailure(409, 'The last admin.', { detail: 'The last admin.' }), {}, 'The last admin.'],
  [new Error('broken'), {}, 'broken'],
])('%o is shared among the fields', (error, fields, rest) => {
  expect(problemsOf(error, ['username'])).toEqual({ fields, rest });
});

test('made-up passwords have twenty letters, each as likely', () => {
  // 0 to 255 round and round: only bytes below 224 = 4 × 56 count.
  let next = 0;
  const fill = (bytes: Uint8Array) => bytes.forEach((_, i) => (bytes[i] = next++ % 256));
  const counts = new Map<string, number>();
  for (let i = 0; i < 56; i++) {
    const password = madeUp(fill);
    expect(password).toMatch(/^[a-zA-Z2-9]{20}$/);
    for (const letter of password) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  expect(counts.size).toBe(56);
  expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(8);
});

test.each([
  ['a', '', ''],
  ['a', 'a', ''],
  ['a', 'b', 'The two are not the same.'],
])('%j and %j', (first, second, problem) => {
  expect(repeatProblem(first, second)).toBe(problem);
});
