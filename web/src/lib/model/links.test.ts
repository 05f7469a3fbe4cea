import { expect, test } from 'vitest';
import type { GrafanaLink } from './grafana';
import { linkedDashboards, parseLink, shownLink, type LinkContext } from './links';

const CONTEXT: LinkContext = {
  from: 'now-7d',
  to: 'now',
  range: { from: 1000, to: 2000 },
  choices: { users: ['5', '7'], project: ['$__all'], text: ['a&b'], none: [] },
  values: { users: ['5', '7'], project: { all: '-1' }, text: 'a&b', none: [] },
};
const ALL = 'var-users=5&var-users=7&var-project=%24__all&var-text=a%26b&var-none=';

function hrefOf(source: GrafanaLink): string | null {
  const link = parseLink({ type: 'link', ...source });
  return link?.kind === 'page' ? shownLink(link, CONTEXT).href : null;
}

test.each<[GrafanaLink, string | null]>([
  [{ url: 'https://cvat.example/tasks' }, 'https://cvat.example/tasks'],
  [{ url: 'mailto:lena@example.org' }, 'mailto:lena@example.org'],
  // Grafana's own addresses.
  [{ url: '/d/abc' }, '/analytics/d/abc'],
  [{ url: 'd/abc/its-slug?orgId=1' }, '/analytics/d/abc?orgId=1'],
  [{ url: '/grafana/d/abc/its-slug#top' }, '/analytics/d/abc#top'],
  [{ url: '/analytics/d/abc/its-slug' }, '/analytics/d/abc/its-slug'],
  [{ url: '/dashboards' }, '/analytics/'],
  [{ url: '/' }, '/analytics/'],
  [{ url: '/tasks/5' }, '/tasks/5'],
  // What is kept.
  [{ url: '/d/abc', keepTime: true }, '/analytics/d/abc?from=now-7d&to=now'],
  [{ url: '/d/abc?x=1#top', keepTime: true }, '/analytics/d/abc?x=1&from=now-7d&to=now#top'],
  [{ url: '/d/abc?', keepTime: true }, '/analytics/d/abc?from=now-7d&to=now'],
  [{ url: '/d/abc', includeVars: true }, `/analytics/d/abc?${ALL}`],
  [{ url: '/d/abc', keepTime: true, includeVars: true }, `/analytics/d/abc?from=now-7d&to=now&${ALL}`],
  // What is filled in.
  [{ url: 'https://a/?u=$users&p=${project}&t=[[text]]&o=$other' }, 'https://a/?u=%7B5%2C7%7D&p=-1&t=a%26b&o=$other'],
  [{ url: 'https://a/?${users:queryparam}' }, 'https://a/?var-users=5&var-users=7'],
  [{ url: 'https://a/?${__url_time_range}&${__all_variables}' }, `https://a/?from=now-7d&to=now&${ALL}`],
  [{ url: 'https://a/?f=${__from}&t=$__to' }, 'https://a/?f=1000&t=2000'],
  // What runs something, and what leads nowhere.
  [{ url: 'javascript:alert(1)' }, null],
  [{ url: ' JavaScript:alert(1)' }, null],
  [{ url: 'data:text/html,x' }, null],
  [{ url: '' }, null],
  [{ type: 'odd', url: '/d/abc' }, null],
])('%j', (source, expected) => {
  expect(hrefOf(source)).toBe(expected);
}); // prettier-ignore

test('titles and what is said of them', () => {
  const link = parseLink({ type: 'link', url: '/d/a', title: 'Of $text', tooltip: 'See ${text}', targetBlank: true });
  expect(link?.kind === 'page' && shownLink(link, CONTEXT)).toEqual({
    title: 'Of a&b',
    tooltip: 'See a&b',
    href: '/analytics/d/a',
    isNewTab: true,
  });
}); // prettier-ignore

test('dashboards that have all the tags, but for the one in sight', () => {
  const entry = (uid: string, ...tags: string[]) => ({ uid, title: uid.toUpperCase(), description: '', tags });
  const all = [entry('a', 'x', 'y'), entry('b', 'x'), entry('c', 'x', 'y'), entry('d')];
  const found = (source: GrafanaLink) => {
    const link = parseLink({ type: 'dashboards', ...source });
    return link?.kind === 'dashboards' ? linkedDashboards(link, all, 'a', CONTEXT).map(({ href }) => href) : null;
  };
  expect(found({ tags: ['x'] })).toEqual(['/analytics/d/b', '/analytics/d/c']);
  expect(found({ tags: ['x', 'y'], keepTime: true })).toEqual(['/analytics/d/c?from=now-7d&to=now']);
  expect(found({ tags: [] })).toEqual(['/analytics/d/b', '/analytics/d/c', '/analytics/d/d']);
  expect(found({ tags: ['z'] })).toEqual([]);
}); // prettier-ignore
