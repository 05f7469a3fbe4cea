/**
 * Runs a few tasks at a time. The others wait in order, what can wait behind what somebody looks at;
 * an aborted one leaves the queue.
 */

export type Urgency = 'now' | 'later';

export class Pool {
  #running = 0;
  readonly #waiting: Record<Urgency, (() => void)[]> = { now: [], later: [] };
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(signal: AbortSignal, task: () => Promise<T>, urgency: Urgency = 'now'): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(signal, urgency);
    signal.throwIfAborted();
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      (this.#waiting.now.shift() ?? this.#waiting.later.shift())?.();
    }
  }

  #turn(signal: AbortSignal, urgency: Urgency): Promise<void> {
    const queue = this.#waiting[urgency];
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        const at = queue.indexOf(go);
        if (at >= 0) queue.splice(at, 1);
        reject(signal.reason as Error);
      };
      queue.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
