/** All users and organizations, as an administrator sees them. */
import { organizations, users } from '../lib/admin/api';
import type { Organization, User } from '../lib/admin/model';
import { session } from '../state/session.svelte';
import { Attempt } from './attempt.svelte';

export class Directory {
  /** `null` until they are there. */
  users = $state.raw<User[] | null>(null);
  organizations = $state.raw<Organization[] | null>(null);
  /** The address of a proxy that the configuration should perhaps name. */
  untrustedProxy = $state<string | null>(null);
  readonly loading = new Attempt();

  load() {
    return this.loading.run(async () => {
      const [listed, found] = await Promise.all([users.list(), organizations.list()]);
      [this.users, this.organizations] = [listed.results, found];
      this.untrustedProxy = listed.untrusted_proxy;
    });
  }

  /** Something was changed here: shows it, and what it means for whoever changed it. */
  async changed() {
    await Promise.all([this.load(), session.load()]);
  }

  user(id: number): User | undefined {
    return this.users?.find((user) => user.id === id);
  }

  organization(id: number): Organization | undefined {
    return this.organizations?.find((organization) => organization.id === id);
  }
}
