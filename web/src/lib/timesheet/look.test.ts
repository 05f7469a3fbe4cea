import { expect, test } from 'vitest';
import { areAllOpen, isOpen, openedAll, parseLooks, toggled, writeLooks } from './look';

test.each([
  [''],
  ['by.1=projects'],
  ['hours.1=decimal&open.1=5%2C5%2FProject+3'],
  ['open.2=*'],
  ['by.1=projects&open.1=*%2C7%2FProject+'],
  ['open.1=a%252Cb'],
])('%s keeps what it says', (search) => {
  const params = new URLSearchParams();
  writeLooks(params, parseLooks(new URLSearchParams(search)));
  expect(params.toString()).toBe(search);
});

test.each([['by.1=weeks'], ['hours.1=seconds'], ['open.1='], ['open.x=5'], ['bye.1=projects']])(
  '%s says nothing',
  (search) => {
    const params = new URLSearchParams();
    writeLooks(params, parseLooks(new URLSearchParams(search)));
    expect(params.toString()).toBe('');
  },
);

test('one row, all rows, all but one', () => {
  const one = toggled(openedAll(false), '5');
  expect([isOpen(one, '5'), isOpen(one, '7')]).toEqual([true, false]);
  expect(areAllOpen(one, ['5', '7'])).toBe(false);
  const allButOne = toggled(openedAll(true), '5');
  expect([isOpen(allButOne, '5'), isOpen(allButOne, '7')]).toEqual([false, true]);
  expect(areAllOpen(toggled(allButOne, '5'), ['5', '7'])).toBe(true);
  expect(areAllOpen(openedAll(true), [])).toBe(false);
});
