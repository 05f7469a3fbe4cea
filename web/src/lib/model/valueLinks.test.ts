import { expect, test } from 'vitest';
import type { LinkContext } from './links';
import { valueLinks } from './valueLinks';

const context: LinkContext = {
  from: 'now-7d',
  to: 'now',
  range: { from: 10, to: 20 },
  choices: { users: ['5', '7'] },
  values: { users: ['5', '7'], one: 'a b' },
};
const of = {
  value: 1.5,
  text: '1.5 h',
  column: { name: 'hours', labels: { user: 'Lena & co' } },
  row: [7, 1.5],
  columns: [{ name: 'user id' }, { name: 'hours' }],
  timeMs: 15,
};

test.each([
  ['/d/x?v=${__value.raw}', '/analytics/d/x?v=1.5'],
  ['/d/x?v=${__value.text}&n=${__value.numeric}&t=${__value.time}', '/analytics/d/x?v=1.5%20h&n=1.5&t=15'],
  ['/d/x?u=${__data.fields["user id"]}&h=${__data.fields.hours}', '/analytics/d/x?u=7&h=1.5'],
  ["/d/x?u=${__data.fields['user id']}&h=${__data.fields[1]}&n=${__data.fields.none}", '/analytics/d/x?u=7&h=1.5&n='],
  ['/d/x?who=${__field.labels.user}&f=${__field.name}&s=${__series.name}', '/analytics/d/x?who=Lena%20%26%20co&f=hours&s=hours'],
  ['/d/x?who=${__field.labels}', '/analytics/d/x?who=Lena%20%26%20co'],
  ['/d/x?${__url_time_range}&${users:queryparam}&o=$one', '/analytics/d/x?from=10&to=20&var-users=5&var-users=7&o=a%20b'],
  ['d/x?odd=${__value.odd}', '/analytics/d/x?odd=${__value.odd}'],
  ['https://cvat.example/jobs/${__value.raw}', 'https://cvat.example/jobs/1.5'],
  ['javascript:alert(${__value.raw})', undefined],
  ['', undefined],
])('%s', (url, expected) => {
  expect(valueLinks({ links: [{ url }] }, of, context)[0]?.href).toBe(expected);
}); // prettier-ignore

test('a value cannot make the address run something', () => {
  const links = [{ url: '${__value.raw}' }];
  expect(valueLinks({ links }, { ...of, value: 'javascript:alert(1)' }, context)[0]?.href).toBe('javascript%3Aalert(1)'); // prettier-ignore
});

test.each([null, undefined, ''])('%j leads nowhere', (value) => {
  expect(valueLinks({ links: [{ url: '/x' }] }, { ...of, value }, context)).toEqual([]);
});

test('titles have values, too', () => {
  const links = [{ title: 'Events of ${__field.labels.user}', url: '/x', targetBlank: true }, { url: '/y' }];
  expect(valueLinks({ links }, of, context).map(({ title, isNewTab }) => [title, isNewTab])).toEqual([['Events of Lena & co', true], ['hours', false]]); // prettier-ignore
});
