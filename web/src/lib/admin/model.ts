/** Users, organizations and tokens as the API has them, and what their words mean. */

export type Privilege = 'admin' | 'business' | 'user' | 'worker';
export type Role = 'owner' | 'maintainer' | 'supervisor' | 'worker';
export type Scope = 'all' | 'read' | 'send';

/** A word of the API, and what it means. */
export interface Meaning<T> {
  value: T;
  means: string;
}

/** Highest first, as on the server. */
export const PRIVILEGES: Meaning<Privilege>[] = [
  { value: 'admin', means: 'everything: all events, all accounts' },
  { value: 'business', means: 'also dashboards and queries over all events' },
  { value: 'user', means: 'sends events, exports what its roles allow' },
  { value: 'worker', means: 'sends events, exports its own' },
];

/** Highest first, as on the server. */
export const ROLES: Meaning<Role>[] = [
  { value: 'owner', means: 'sees all events of the organization' },
  { value: 'maintainer', means: 'sees all events of the organization' },
  { value: 'supervisor', means: 'sees its own events there' },
  { value: 'worker', means: 'sees its own events there' },
];

export const SCOPES: Meaning<Scope>[] = [
  { value: 'all', means: 'all that the account may' },
  { value: 'read', means: 'reads: queries, dashboards, exports' },
  { value: 'send', means: 'sends events, nothing else' },
];

export interface Token {
  id: number;
  name: string;
  scope: Scope;
  /** RFC 3339, as all dates here. */
  created_date: string;
  expires_date: string | null;
  last_used_date: string | null;
}

/** As it is answered once, when it is made. */
export interface NewToken extends Token {
  token: string;
}

export interface User {
  id: number;
  username: string;
  email: string;
  first_name: string;
  last_name: string;
  privilege: Privilege;
  /** Sees all events on dashboards although the privilege does not say so. */
  has_analytics_access: boolean;
  /** Whether it may log in at all. */
  is_active: boolean;
  created_date: string;
  organizations: { id: number; slug: string; role: Role }[];
  tokens: Token[];
}

export interface Member {
  user_id: number;
  username: string;
  role: Role;
}

export interface Organization {
  id: number;
  slug: string;
  name: string;
  created_date: string;
  members: Member[];
}
