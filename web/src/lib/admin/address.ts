/** Where one is in the pages of accounts and administration: `/analytics/admin/users/5?q=len`. */

export type AdminPlace = 'users' | 'organizations' | 'webhooks' | 'status' | 'account';

export interface AdminView {
  place: AdminPlace;
  /** The id of what the side sheet shows, `new` for what is being made. */
  open: number | 'new' | null;
  /** What is typed into the search box. */
  search: string;
  /** A column, with `-` in front for descending; `''` is the usual order. */
  sort: string;
}

/** A place without anything open. */
export function adminPlace(place: AdminPlace): AdminView {
  return { place, open: null, search: '', sort: '' };
}

/** `null` on any other page. */
export function parseAdmin(pathname: string, params: URLSearchParams): AdminView | null {
  if (/^\/analytics\/account\/?$/.test(pathname)) return adminPlace('account');
  const single = /^\/analytics\/admin\/(status|webhooks)\/?$/.exec(pathname);
  if (single) return adminPlace(single[1] as AdminPlace);
  const match = /^\/analytics\/admin(?:\/(users|organizations)(?:\/(\d{1,15}|new))?)?\/?$/.exec(pathname);
  if (!match) return null;
  const open = match[2];
  return {
    place: (match[1] as AdminPlace | undefined) ?? 'users',
    open: open === undefined ? null : open === 'new' ? 'new' : Number(open),
    search: params.get('q') ?? '',
    sort: params.get('sort') ?? '',
  };
}

/** The path after `/analytics/`; adds to `params` what is not in the path. */
export function adminAddress({ place, open, search, sort }: AdminView, params: URLSearchParams): string {
  if (place === 'account') return 'account';
  if (place === 'status' || place === 'webhooks') return `admin/${place}`;
  if (search !== '') params.set('q', search);
  if (sort !== '') params.set('sort', sort);
  if (open !== null) return `admin/${place}/${open}`;
  return place === 'users' ? 'admin' : `admin/${place}`;
}
