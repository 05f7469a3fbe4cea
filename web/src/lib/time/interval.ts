/** The width of a bucket of time, from the range and the room there is. */

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/** Widths that a person reads without counting, ms. */
const STEPS = [
  1, 5, 10, 50, 100, 200, 500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
]; // prettier-ignore

const UNITS: Record<string, number> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  y: 365 * DAY,
};

/** The finest readable width with at most `maxPoints` buckets, and never below `minMs`. */
export function bucketMs(rangeMs: number, maxPoints: number, minMs = 0): number {
  const least = Math.max(rangeMs / Math.max(maxPoints, 1), minMs, 1);
  return STEPS.find((step) => step >= least) ?? STEPS.at(-1)!;
}

/** `30s`, `5m`, `1d` as Grafana writes them, with or without a leading `>`; `null` if it is none. */
export function parseSpan(text: string): number | null {
  const match = /^>?\s*(\d+(?:\.\d+)?)\s*(ms|[smhdwMy])$/.exec(text.trim());
  return match ? Number(match[1]) * UNITS[match[2]!]! : null;
}

/** As ClickHouse's macros take it: `30s`, `5m`, `2h`, `1d`. */
export function spanText(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((unit) => ms % UNITS[unit]! === 0) ?? 'ms';
  return `${ms / UNITS[unit]!}${unit}`;
}

/** Shorter than this, ms, an answer would not be read before the next. */
const LEAST_REFRESH_MS = 1_000;

/** Milliseconds between two refreshes; `null` for never, `undefined` for what is no interval. */
export function refreshMsOf(text: string): number | null | undefined {
  if (text === '') return null;
  const ms = /^\d+[smhd]$/.test(text) ? parseSpan(text) : null;
  return ms === null || ms < LEAST_REFRESH_MS ? undefined : ms;
}
