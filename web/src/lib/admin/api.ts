/** The requests of the pages of accounts. Each fails with an `ApiFailure`. */
import { request } from '../api/client';
import type { Described, With } from '../api/described';
import type { Diagnosis } from './diagnosis';
import type { ServerStatus } from './status';
import type {
  NewToken,
  NewWebhook,
  Organization,
  Privilege,
  Role,
  Scope,
  Token,
  User,
  Webhook,
  WebhookKind,
} from './model';

/** What is changed of a user; what is absent stays. The name stays always. */
export type UserChange = With<Described['UserChangeBody'], { privilege?: Privilege }>;

/** Without a number of days it lasts until it is revoked. */
export type TokenWish = With<Described['TokenBody'], { scope: Scope; expires_in_days: number | null }>;

/** Where tokens of one account are listed, made and revoked. */
export interface TokenApi {
  create: (wish: TokenWish) => Promise<NewToken>;
  revoke: (id: number) => Promise<unknown>;
}

const USERS = '/api/admin/users';
const ORGANIZATIONS = '/api/admin/organizations';
const WEBHOOKS = '/api/admin/webhooks';

const results = async <T>(path: string) => ((await request('GET', path)) as { results: T[] }).results;

/** All users, and the address of a proxy that the configuration should perhaps name. */
export interface UserList {
  results: User[];
  untrusted_proxy: string | null;
}

export const users = {
  list: async () => (await request('GET', USERS)) as UserList,
  /** The answer has a `password` if none was given: it is shown this once. */
  create: async (user: UserChange & { username: string }) =>
    (await request('POST', USERS, user)) as User & { password?: string },
  change: (id: number, change: UserChange) => request('PATCH', `${USERS}/${id}`, change),
  remove: (id: number) => request('DELETE', `${USERS}/${id}`),
  tokens: (id: number): TokenApi => tokensAt(`${USERS}/${id}/tokens`),
};

export const organizations = {
  list: () => results<Organization>(ORGANIZATIONS),
  /** `owner` is a user's name. */
  create: async (organization: Described['NewOrganizationBody']) =>
    (await request('POST', ORGANIZATIONS, organization)) as Organization,
  change: (id: number, change: Described['OrganizationChangeBody']) =>
    request('PATCH', `${ORGANIZATIONS}/${id}`, change),
  remove: (id: number) => request('DELETE', `${ORGANIZATIONS}/${id}`),
  /** Takes somebody in, or gives another role. */
  setMember: (id: number, userId: number, role: Role) =>
    request('PUT', `${ORGANIZATIONS}/${id}/members/${userId}`, { role }),
  removeMember: (id: number, userId: number) => request('DELETE', `${ORGANIZATIONS}/${id}/members/${userId}`),
};

export const webhooks = {
  list: () => results<Webhook>(WEBHOOKS),
  create: async (wish: With<Described['NewWebhookBody'], { kind: WebhookKind }>) =>
    (await request('POST', WEBHOOKS, wish)) as NewWebhook,
  remove: (name: string) => request('DELETE', `${WEBHOOKS}/${encodeURIComponent(name)}`),
};

/** How the server is. */
export const serverStatus = async (signal?: AbortSignal) =>
  (await request('GET', '/api/admin/status', undefined, signal)) as ServerStatus;

export const diagnosis = async (signal?: AbortSignal) =>
  (await request('GET', '/api/admin/doctor', undefined, signal)) as Diagnosis;

/** What everybody does with their own account. */
export const own = {
  tokens: () => results<Token>('/api/tokens'),
  tokenApi: tokensAt('/api/tokens'),
  /** Ends all logins, the one of the request too. */
  changePassword: (before: string, after: string) =>
    request('POST', '/api/auth/password/change', {
      old_password: before,
      new_password1: after,
      new_password2: after,
    }),
};

function tokensAt(path: string): TokenApi {
  return {
    create: async (wish) => (await request('POST', path, wish)) as NewToken,
    revoke: (id) => request('DELETE', `${path}/${id}`),
  };
}
