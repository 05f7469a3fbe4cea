/** Tokens: how long they last, and what is told of them. */
import { timestampText } from '../time/format';
import type { Zone } from '../time/zone';
import type { Token } from './model';

const DAY_MS = 86_400_000;

/** How long a new token may last, days. */
export const LIFETIMES: { days: number | null; text: string }[] = [
  { days: 7, text: '7 days' },
  { days: 30, text: '30 days' },
  { days: 90, text: '90 days' },
  { days: 365, text: '1 year' },
  { days: null, text: 'until it is revoked' },
];

/** Long enough for a script, short enough that a forgotten one ends. */
export const USUAL_LIFETIME_DAYS = 90;

/** A token is told as ending soon within this many days. */
const SOON_DAYS = 7;

export interface Expiry {
  text: string;
  state: 'fine' | 'soon' | 'over';
}

/** Until when a token can be used. */
export function expiryOf({ expires_date }: Pick<Token, 'expires_date'>, now: number, zone: Zone): Expiry {
  if (expires_date === null) return { text: 'until it is revoked', state: 'fine' };
  const end = Date.parse(expires_date);
  const day = timestampText(end, zone, 'day');
  if (end <= now) return { text: `expired ${day}`, state: 'over' };
  const days = Math.ceil((end - now) / DAY_MS);
  if (days > SOON_DAYS) return { text: `until ${day}`, state: 'fine' };
  return { text: days === 1 ? 'ends within a day' : `ends in ${days} days`, state: 'soon' };
}

/** When it was used last, as far as it matters to whoever cleans up. */
export function usedText({ last_used_date }: Pick<Token, 'last_used_date'>, now: number, zone: Zone): string {
  if (last_used_date === null) return 'never used';
  const at = Date.parse(last_used_date);
  return now - at < DAY_MS ? 'used within a day' : `used ${timestampText(at, zone, 'day')}`;
}

/** What happens when a token is revoked, a sentence each. */
export function revocationOf({ name, last_used_date }: Token, now: number, zone: Zone): string[] {
  return [
    `Whatever uses ${name} is refused from its next request on.`,
    last_used_date === null ? 'It was never used.' : `It was ${usedText({ last_used_date }, now, zone)}.`,
    'It cannot be brought back: a new one has another secret.',
  ];
}
