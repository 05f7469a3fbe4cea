/** Repeats that change an earlier event instead of being one: contract.md, "The browser's logger". */
import { endOf, type Entry } from './event.ts';
import { toIso } from './page.ts';

/**
 * Frame changes further apart than this stay two events. The duration of such an event counts as working time in full,
 * and CVAT's rule for gaps would not count a longer pause: hours must not depend on when a batch was sent.
 */
const PAUSE_MS = 100_000;

/**
 * Zooms and exceptions are collapsed for so long. Only their first moment counts for working time, so a longer run would
 * take activity out of it.
 */
const RUN_MS = 10_000;

/** `newest` with `entry` in it, where `entry` repeats it. */
export function merge(newest: Entry, entry: Entry): Entry | undefined {
  const { scope, t, p } = newest;
  const q = entry.p;
  if (scope !== entry.scope) return undefined;
  const end = endOf(entry);
  const count = (p.count ?? 1) + (q.count ?? 1);
  const duration = end - t;
  if (scope === 'change:frame') {
    return p.job_id === q.job_id && p.step === q.step && entry.t - endOf(newest) < PAUSE_MS
      ? { scope, t, p: { ...p, to: q.to, count, duration: Math.max(duration, p.duration ?? 0) } }
      : undefined;
  }
  if (duration > RUN_MS) return undefined;
  if (scope === 'zoom:image') return { scope, t, p: { ...p, ...q, count, duration } };
  return scope === 'send:exception' && p.message === q.message && p.stack === q.stack
    ? { scope, t, p: { ...p, count, lastTimestamp: q.lastTimestamp ?? toIso(entry.t) } }
    : undefined;
}
