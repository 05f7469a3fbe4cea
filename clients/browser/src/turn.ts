/** One sender at a time among all tabs. */

import { createShared, randomName } from './page.ts';

/** A sender says so often that it is at it; one that says nothing for so long is gone. */
const LEASE_MS = 40_000;
/** As CVAT's page asks again whether it may send. */
const ASK_MS = 1000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function createTurn(name: string) {
  const lease = createShared(`${name} sender`);
  const me = randomName();
  const renew = () => lease.set(`${me} ${Date.now() + LEASE_MS}`);

  /** Who is sending, if anybody is. A lease from a clock that was set otherwise is none. */
  function sender(): string | undefined {
    const [who, until] = (lease.get() ?? '').split(' ');
    const left_ms = Number(until) - Date.now();
    return left_ms > 0 && left_ms <= LEASE_MS ? who : undefined;
  }

  const release = () => lease.set('');

  async function withLease<T>(work: () => Promise<T>): Promise<T> {
    renew();
    try {
      return await work();
    } finally {
      release();
    }
  }

  return {
    isTaken: () => !!sender(),
    renew,
    release,
    /** Does `work` when no other tab does. */
    async take<T>(work: () => Promise<T>): Promise<T> {
      // Web Locks are there for pages of secure origins alone.
      if (navigator.locks) return navigator.locks.request(name, () => withLease(work));
      for (;;) {
        if (!sender()) {
          renew();
          // Two tabs that wrote at once: the later one has it.
          await sleep(50 + Math.random() * 50);
          if (sender() === me) return withLease(work);
        }
        await sleep(ASK_MS);
      }
    },
  };
}
