/** Links to hand on: whoever opens one sees the same days, wherever they are. */
import { absolute, type RawRange, type Range } from '../time/range';
import { zoneName, type Zone } from '../time/zone';
import type { ViewState } from './state';

/** What of a view its address need not say. */
export interface Shown {
  rawRange: RawRange;
  range: Range;
  zone: Zone;
}

/** `fixed` has the instants that are shown now, `moving` what they follow from (`now-7d`). Both name the zone. */
export type Dates = 'fixed' | 'moving';

export function sharedView(view: ViewState, { rawRange, range, zone }: Shown, dates: Dates): ViewState {
  const { from, to } = dates === 'fixed' ? absolute(range) : rawRange;
  return { ...view, from, to, zone: zone === 'utc' ? 'utc' : zoneName(zone) };
}
