/** Who is logged in. */
import { ApiFailure, logIn, logOut, me, type Account } from '../lib/api/client';

class Session {
  /** `undefined` until it is known. */
  account = $state.raw<Account | null | undefined>(undefined);
  failure = $state<string | null>(null);

  async load() {
    this.failure = null;
    try {
      this.account = await me();
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

  /** The cookie ran out, or an administrator ended it. */
  expired() {
    this.account = null;
  }

  /** Dashboards are for these, as in CVAT. */
  get maySee(): boolean {
    return this.account?.groups.some((group) => group === 'admin' || group === 'business') ?? false;
  }
}

export const session = new Session();
