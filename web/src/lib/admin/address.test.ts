import { expect, test } from 'vitest';
import { adminAddress, adminPlace, parseAdmin } from './address';

test.each([
  ['/analytics/admin', adminPlace('users')],
  ['/analytics/admin?q=len&sort=-created', { ...adminPlace('users'), search: 'len', sort: '-created' }],
  ['/analytics/admin/users/5?q=len', { ...adminPlace('users'), open: 5, search: 'len' }],
  ['/analytics/admin/users/new', { ...adminPlace('users'), open: 'new' }],
  ['/analytics/admin/organizations', adminPlace('organizations')],
  ['/analytics/admin/organizations/12', { ...adminPlace('organizations'), open: 12 }],
  ['/analytics/admin/status', adminPlace('status')],
  ['/analytics/admin/webhooks', adminPlace('webhooks')],
  ['/analytics/account', adminPlace('account')],
])('%s keeps what it says', (address, expected) => {
  const [path, search] = address.split('?');
  const view = parseAdmin(path!, new URLSearchParams(search));
  expect(view).toEqual(expected);
  const params = new URLSearchParams();
  const written = adminAddress(view!, params);
  expect(`/analytics/${written}${params.size > 0 ? `?${params}` : ''}`).toBe(address);
});

test.each([
  ['/analytics/admin/', adminPlace('users')],
  ['/analytics/admin/users/', adminPlace('users')],
  ['/analytics/admin/status/', adminPlace('status')],
  ['/analytics/account/', adminPlace('account')],
])('%s is understood', (path, expected) => {
  expect(parseAdmin(path, new URLSearchParams())).toEqual(expected);
});

test.each([
  '/analytics/',
  '/analytics/d/admin',
  '/analytics/administrator',
  '/analytics/admin/users/x',
  '/analytics/admin/status/5',
  '/',
])('%s is another page', (path) => {
  expect(parseAdmin(path, new URLSearchParams())).toBeNull();
});
