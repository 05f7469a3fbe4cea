/** How often, to whom and since when the same went wrong. */
import type { Frame } from './data/frame';
import type { AskOptions } from './panels/contract';
import type { WholeEvent } from './request';

export interface SameMessage {
  count: number;
  people: number;
  /** The first and the last of them, ms. */
  firstMs: number;
  lastMs: number;
}

/** The message of an exception; `null` if the event is none, or says none. */
export function messageOf({ scope, payload }: WholeEvent): string | null {
  const message = payload?.message;
  return scope === 'send:exception' && typeof message === 'string' && message !== '' ? message : null;
}

/** Of all times: since when is asked of no range. */
export function sameMessageQuery(message: string, now: number): { sql: string; options: AskOptions } {
  return {
    sql: `SELECT count() AS n, uniqExact(user_id) AS people, min(timestamp) AS first, max(timestamp) AS last
FROM events
WHERE $__timeFilter_ms(timestamp) AND scope = 'send:exception' AND JSONExtractString(payload, 'message') = {message:String}`,
    options: { range: { from: 0, to: now }, params: { message } },
  };
}

export function sameMessageIn({ rows }: Frame): SameMessage | null {
  const [count, people, firstMs, lastMs] = (rows[0] ?? []).map(Number);
  return count ? { count, people: people!, firstMs: firstMs!, lastMs: lastMs! } : null;
}
