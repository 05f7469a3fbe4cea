/** One sender at a time among all tabs. */
import { createShared, randomName } from './page.ts';

/** A sender says so often that it is at it; one that says nothing for so long is gone. */
const LEASE_MS = 40_000;
/** A page that goes away cannot wait for its turn, nor say when it is done: the others give it so long. */
const LEAVE_MS = 3000;
/** As CVAT's page asks again whether it may send. */
const ASK_MS = 1000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A claim that all tabs see, and that ends by itself. */
function createClaim(name: string, length_ms: number) {
  const shared = createShared(name);
  const me = randomName();
  return {
    renew: () => shared.set(`${me} ${Date.now() + length_ms}`),
    release: () => shared.set(''),
    /** Who has it, if anybody has. One by a clock that was set otherwise is none. */
    holder(): string | undefined {
      const [who, until] = (shared.get() ?? '').split(' ');
      const left_ms = Number(until) - Date.now();
      return left_ms > 0 && left_ms <= length_ms ? who : undefined;
    },
    me,
  };
}

export function createTurn(name: string) {
  const lease = createClaim(`${name} sender`, LEASE_MS);
  const leaving = createClaim(`${name} leaving`, LEAVE_MS);

  async function withLease(work: () => Promise<boolean>, before: string | undefined): Promise<void> {
    lease.renew();
    while (leaving.holder()) await sleep(ASK_MS / 10);
    // After a failure the lease stays for a while: a page that goes away must not send what is newer before what failed.
    if ((await work()) || !before) lease.release();
  }

  return {
    isTaken: () => !!(lease.holder() || leaving.holder()),
    renew: lease.renew,
    leave: leaving.renew,
    left: leaving.release,
    /** Does `work` when no other tab does. It gives whether the queue is empty then. */
    async take(work: () => Promise<boolean>): Promise<void> {
      // Web Locks are there for pages of secure origins alone.
      if (navigator.locks) return navigator.locks.request(name, () => withLease(work, lease.holder()));
      for (;;) {
        const before = lease.holder();
        if (!before || before === lease.me) {
          lease.renew();
          // Two tabs that wrote at once: the later one has it.
          await sleep(50 + Math.random() * 50);
          if (lease.holder() === lease.me) return withLease(work, before);
        }
        await sleep(ASK_MS);
      }
    },
  };
}
