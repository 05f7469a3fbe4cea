/**
 * The page's own clock. Events are stamped by `performance.now()`, which no setting of the system's clock moves; the stamp
 * of an event never changes, so that the server knows a repeat. What may have to be corrected is the time that a batch
 * says it was sent at: the computer slept meanwhile (the page's clock stood still), or the events are another page's.
 */

import { randomName } from './page.ts';

/** Beyond this the system's clock was set, or the computer slept; below, the two clocks only run unevenly. */
const JUMP_MS = 2000;

/** An answer that took longer says too little about the server's time, which is some moment of that. */
const ANSWER_MS = 5000;
/** Where the server's word differs by more from the system's clock, that was set; else it is exact, and the word is not. */
const DOUBT_MS = 10_000;

/** Two pages that read one clock differ by that. */
const ROUNDING_MS = 20;

/** By whose clock a stamp is, and what that clock was off when it was made. */
export interface Stamp {
  /** The page. */
  s: string;
  /** The stretch of that page's time between two jumps. */
  g: number;
  /** The system's clock less the page's, in ms. */
  w: number;
  /** The server's clock less the page's, within seconds; missing while no answer told. */
  o?: number | undefined;
}

type Stretch = Pick<Stamp, 'w' | 'o'> & { jump: number };

export function createClock(page = randomName()) {
  /** Whole ms since 1970, as far as the system's clock was right when the page was opened. */
  const now = () => Math.floor(performance.timeOrigin + performance.now());
  const systemLead = () => Date.now() - now();
  const stretches: Stretch[] = [{ w: systemLead(), jump: 0 }];
  const newest = () => stretches.at(-1)!;

  /** The stretch that is now; a jump begins a new one. */
  function look(): number {
    const w = systemLead();
    const last = newest();
    const jump = w - last.w;
    // A clock that was set back says nothing about the page's.
    if (Math.abs(jump) > JUMP_MS) stretches.push({ w, jump, o: jump < 0 ? last.o : undefined });
    else last.w = w;
    return stretches.length - 1;
  }

  /** How long the page's clock stood still at a jump. Without the server's word a jump ahead is a sleep. */
  const stoodStill = (stretch: Stretch, before: Stretch) =>
    Math.abs((stretch.o ?? NaN) - (before.o ?? NaN)) < stretch.jump / 2 ? 0 : Math.max(0, stretch.jump);

  return {
    now,
    look,
    stamp: (g: number): Stamp => ({ s: page, g, w: stretches[g]!.w, o: stretches[g]!.o }),
    /** Whether the server has told what the last jump was. */
    isSettled: () => (look(), stretches.length < 2 || newest().o !== undefined),
    /** Takes what an answer says about the server's time, which is cut to seconds, and when it was asked. */
    learn(date: string | null, askedAt: number): void {
      look();
      if (now() - askedAt < ANSWER_MS) newest().o = Date.parse(date ?? '') + 500 - now();
    },
    isLearned: () => newest().o !== undefined,
    /** What a batch of events with this stamp adds to `now()` for the time that it is sent at. */
    shift(stamp: Stamp): number {
      look();
      if (stamp.s === page) {
        return stretches.reduce(
          (sum, at, g) => (g > stamp.g ? sum + stoodStill(at, stretches[g - 1]!) : sum),
          0,
        );
      }
      const bySystem = newest().w - stamp.w;
      const byServer = (newest().o ?? NaN) - (stamp.o ?? NaN);
      const shift = Math.abs(bySystem - byServer) > DOUBT_MS ? byServer : bySystem;
      return Math.abs(shift) < ROUNDING_MS ? 0 : shift;
    },
  };
}

export type Clock = ReturnType<typeof createClock>;
