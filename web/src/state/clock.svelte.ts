/** How far the browser's clock is off, for the page to say. */
import { serverClock } from '../lib/time/clock';

class Clock {
  correctionMs = $state(0);

  constructor() {
    serverClock.onchange = (correctionMs) => (this.correctionMs = correctionMs);
  }
}

export const clock = new Clock();
