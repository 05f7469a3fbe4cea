/** Who is logged in, and what they may do in the organization of the view. */
import { ApiFailure, logIn, logOut, me, type Account, type May } from '../lib/api/client';
import { router } from './router.svelte';

const NOTHING: May = {
  query: false,
  see_dashboards: false,
  see_analytics: false,
  save_dashboards: false,
  administer: false,
};

class Session {
  /** `undefined` until it is known. */
  account = $state.raw<Account | null | undefined>(undefined);
  /** The organization that `account` was asked in. */
  org = $state<string | null>(null);
  failure = $state<string | null>(null);
  /** The cookie ran out while somebody works: what they do stays until they are back. */
  isExpired = $state(false);

  async load() {
    const { org } = router.view;
    this.failure = null;
    try {
      const account = await me();
      // Meanwhile another was chosen, which asks for itself.
      if (org !== router.view.org) return;
      const landing = !this.account && account && router.view.admin === null ? landingOf(account, org) : null;
      if (landing !== null) {
        // Asked again in there.
        router.change({ org: landing }, { replace: true });
        return;
      }
      this.org = org;
      if (this.isExpired && account?.id === this.account?.id) this.isExpired = false;
      else if (account !== null || !this.isExpired) {
        this.account = account;
        this.isExpired = false;
      }
    } catch (error) {
      this.failure = error instanceof ApiFailure ? error.message : String(error);
    }
  }

  async logIn(name: string, password: string) {
    await logIn(name, password);
    await this.load();
  }

  async logOut() {
    await logOut();
    this.account = null;
  }

  /** An answer said so. */
  expired() {
    this.isExpired = true;
  }

  get may(): May {
    return this.account?.may ?? NOTHING;
  }
}

/** The organization that somebody begins in who arrives where they see their own events alone; `null` if here is as good. */
function landingOf({ may, organizations }: Account, org: string | null): string | null {
  if (org !== null || may.see_analytics) return null;
  const better = organizations.find(({ role }) => role !== 'worker') ?? organizations[0];
  return better?.slug ?? null;
}

export const session = new Session();
