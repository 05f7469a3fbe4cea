/** Who is logged in. */
import { ApiFailure, logIn, logOut, me, type Account } from '../lib/api/client';

class Session {
  /** `undefined` until it is known. */
  account = $state.raw<Account | null | undefined>(undefined);
  failure = $state<string | null>(null);
  /** The cookie ran out while somebody works: what they do stays until they are back. */
  isExpired = $state(false);

  async load() {
    this.failure = null;
    try {
      const account = await me();
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

  /** Dashboards are for these, as in CVAT. */
  get maySee(): boolean {
    return this.account?.groups.some((group) => group === 'admin' || group === 'business') ?? false;
  }
}

export const session = new Session();
