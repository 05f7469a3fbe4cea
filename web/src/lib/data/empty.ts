/** What is said where there is nothing to show. */
import type { Zone } from '../time/zone';
import { rangeText } from '../time/format';
import type { Range } from '../time/range';

export function nothingFound(range: Range, now: number, zone: Zone): string {
  return `Nothing between ${rangeText(range.from, range.to, now, zone).replace(' – ', ' and ')} for these filters. Widen the range, or choose less.`;
}
