/** Whether the server answers. While it does not, it is asked again and again, and what it owes is asked when it is back. */
import { isReachable, tellUnreachable } from '../lib/api/client';

/** Between two attempts, ms: at first, and at most. */
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 10_000;

class Connection {
  isDown = $state(false);
  /** How often the server came back: what failed meanwhile is asked again. */
  nReturns = $state(0);

  constructor() {
    tellUnreachable(() => void this.#watch());
  }

  async #watch() {
    if (this.isDown) return;
    this.isDown = true;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (await isReachable()) break;
    }
    this.isDown = false;
    this.nReturns += 1;
  }
}

export const connection = new Connection();
