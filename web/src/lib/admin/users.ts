/** Users as the admin page lists, edits and removes them. */
import type { UserChange } from './api';
import type { Privilege, User } from './model';
import { PRIVILEGES } from './model';

/** What a form edits. */
export interface UserForm {
  email: string;
  first_name: string;
  last_name: string;
  privilege: Privilege;
  has_analytics_access: boolean;
  is_active: boolean;
}

/** In the order of the form; the first and the last are those of new users. */
export const USER_FIELDS = ['username', 'email', 'first_name', 'last_name', 'privilege', 'has_analytics_access', 'is_active', 'password'] as const; // prettier-ignore

export const NEW_USER: UserForm = {
  email: '',
  first_name: '',
  last_name: '',
  privilege: 'user',
  has_analytics_access: false,
  is_active: true,
};

export function formOf(user: User): UserForm {
  const { email, first_name, last_name, privilege, has_analytics_access, is_active } = user;
  return { email, first_name, last_name, privilege, has_analytics_access, is_active };
}

/** What is to be sent: the fields that differ, so that a change of someone else's is not undone. */
export function changesOf(before: UserForm, after: UserForm): UserChange {
  const names = Object.keys(before) as (keyof UserForm)[];
  return Object.fromEntries(names.filter((name) => after[name] !== before[name]).map((name) => [name, after[name]])); // prettier-ignore
}

export function fullName({ first_name, last_name }: { first_name: string; last_name: string }): string {
  return `${first_name} ${last_name}`.trim();
}

/** Every typed word is in the name, the e-mail address, the privilege or an organization, or is the id. */
export function matching(users: User[], typed: string): User[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return users.filter((user) => {
    const texts = [
      user.username,
      fullName(user),
      user.email,
      user.privilege,
      ...(user.is_active ? [] : ['inactive']),
      ...user.organizations.map(({ slug }) => slug),
    ].map((text) => text.toLowerCase());
    return words.every((word) => word === `#${user.id}` || texts.some((text) => text.includes(word)));
  });
}

export type UserColumn = 'name' | 'email' | 'privilege' | 'tokens' | 'created';

const RANKS = new Map(PRIVILEGES.map(({ value }, rank) => [value, rank]));
const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true }).compare;

const COMPARE: Record<UserColumn, (a: User, b: User) => number> = {
  name: () => 0,
  email: (a, b) => byName(a.email, b.email),
  privilege: (a, b) => RANKS.get(a.privilege)! - RANKS.get(b.privilege)!,
  tokens: (a, b) => a.tokens.length - b.tokens.length,
  created: (a, b) => Date.parse(a.created_date) - Date.parse(b.created_date),
};

/** By a column, with `-` in front for descending, then by name; what is no column is the name. */
export function sorted(users: User[], sort: string): User[] {
  const { column, isDescending } = sortOf(sort);
  const sign = isDescending ? -1 : 1;
  const compare = COMPARE[column];
  // Equal ones are by name upwards, except where the name itself is the column.
  const nameSign = column === 'name' ? sign : 1;
  return [...users].sort(
    (a, b) => sign * compare(a, b) || nameSign * byName(a.username, b.username) || a.id - b.id,
  );
}

export function sortOf(sort: string): { column: UserColumn; isDescending: boolean } {
  const name = sort.replace(/^-/, '');
  return name in COMPARE
    ? { column: name as UserColumn, isDescending: sort.startsWith('-') }
    : { column: 'name', isDescending: false };
}

/** What a click on a column's name asks for; by name upwards is the usual order and needs no word. */
export function nextSort(sort: string, column: UserColumn): string {
  const now = sortOf(sort);
  const next = now.column === column && !now.isDescending ? `-${column}` : column;
  return next === 'name' ? '' : next;
}

/** What happens when a user is removed, a sentence each. */
export function removalOf(user: User, isSelf: boolean): string[] {
  const { username, tokens, organizations } = user;
  return [
    isSelf ? 'This is your own account: you are logged out at once.' : 'The login ends at once.',
    ...(tokens.length > 0 ? [`${counted(tokens.length, 'token')} stop${tokens.length === 1 ? 's' : ''} working.`] : []), // prettier-ignore
    ...(organizations.length > 0
      ? [`The membership of ${organizations.map(({ slug }) => slug).join(', ')} ends.`]
      : []),
    `Events and hours of ${username} stay, with this name and the id ${user.id}.`,
    'To keep somebody out for a while, take away “May log in” instead.',
  ];
}

/** `1 token`, `3 tokens`, `12,000 tokens`. */
export function counted(n: number, what: string): string {
  return `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
}
