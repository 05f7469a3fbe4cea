/** Users, organizations and tokens as the API has them, and what their words mean. */
import type { Described, With } from '../api/described';

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

export type Token = With<Described['TokenAnswer'], { scope: Scope; expires_date: string | null; last_used_date: string | null }>; // prettier-ignore

/** As it is answered once, when it is made. */
export type NewToken = Token & { token: string };

export type WebhookKind = 'cvat' | 'label-studio';
export type Webhook = With<
  Described['WebhookAnswer'],
  { kind: WebhookKind; last_delivery_date: string | null }
>;

/** As it is answered once, when it is made. */
export type NewWebhook = Webhook & { secret: string };

export type Membership = With<Described['MembershipAnswer'], { role: Role }>;
export type Member = With<Described['MemberAnswer'], { role: Role }>;
export type User = With<Described['UserAnswer'], { privilege: Privilege; organizations: Membership[]; tokens: Token[] }>; // prettier-ignore
export type Organization = With<Described['OrganizationAnswer'], { members: Member[] }>;
