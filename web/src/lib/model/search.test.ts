import { expect, test } from 'vitest';
import { chosenFirst, matching, summary } from './search';
import { ALL, parseVariable } from './variable';

const options = [
  { value: '5', text: 'Lena #5' },
  { value: '7', text: 'Omar #7' },
  { value: '9', text: 'Elena #9' },
];

test.each([
  ['', ['5', '7', '9']],
  ['lena', ['5', '9']],
  ['7', ['7']],
  ['#', ['5', '7', '9']],
  ['x', []],
])('%j finds %j', (typed, expected) => {
  expect(matching(options, typed).map(({ value }) => value)).toEqual(expected);
});

test.each([
  [['9'], ['9', '5', '7']],
  [[ALL], ['5', '7', '9']],
  [
    ['12', '7'],
    ['12', '7', '5', '9'],
  ],
])('with %j chosen comes %j', (chosen, expected) => {
  expect(chosenFirst(options, chosen).map(({ value }) => value)).toEqual(expected);
});

const multi = parseVariable({ name: 'v', type: 'query', multi: true })!;

test.each([
  [[ALL], ''],
  [[], 'none'],
  [['5'], 'Lena #5'],
  [['5', '12'], 'Lena #5, 12'],
  [['5', '7', '9'], 'Lena #5 and 2 more'],
])('%j is told as %j', (chosen, expected) => {
  expect(summary(multi, chosen, options)).toBe(expected);
});
