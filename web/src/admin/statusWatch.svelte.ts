/** The server's status, asked again and again while somebody looks. */
import { serverStatus } from '../lib/admin/api';
import { rateBetween, type ServerStatus } from '../lib/admin/status';
import { ApiFailure } from '../lib/api/client';
import { said } from '../state/board.svelte';
import { session } from '../state/session.svelte';

/** From one answer to the next question, ms. */
const PAUSE_MS = 5_000;

export class StatusWatch {
  /** The last that was told; `null` until then. */
  status = $state.raw<ServerStatus | null>(null);
  /** When that was, ms since the epoch. */
  toldAt = $state(0);
  /** Events a second that were acknowledged between the last two answers; `null` before there are two. */
  rate = $state<number | null>(null);
  /** Why there is no later one; `''` if nothing is wrong. */
  failure = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #isStopped = false;

  /** Asks now, and again after each answer. A page that nobody looks at waits until it is looked at. */
  start() {
    this.#isStopped = false;
    document.addEventListener('visibilitychange', this.#look);
    void this.ask();
  }

  stop() {
    this.#isStopped = true;
    document.removeEventListener('visibilitychange', this.#look);
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  #look = () => {
    if (!document.hidden) void this.ask();
  };

  /** A question under way is enough: a server that is slow to answer shall not be asked more often. */
  async ask() {
    if (this.#abort !== null) return;
    clearTimeout(this.#timer);
    const abort = (this.#abort = new AbortController());
    try {
      const status = await serverStatus(abort.signal);
      const now = Date.now();
      if (this.status !== null) this.rate = rateBetween(this.status, status, now - this.toldAt);
      this.status = status;
      this.toldAt = now;
      this.failure = '';
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof ApiFailure && error.status === 401) session.expired();
      this.failure = said(error);
    } finally {
      if (this.#abort === abort) this.#abort = null;
    }
    if (!this.#isStopped && !document.hidden) this.#timer = setTimeout(() => void this.ask(), PAUSE_MS);
  }
}
