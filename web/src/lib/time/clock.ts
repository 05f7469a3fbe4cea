/** The server's clock as the page knows it: from the `Date` of the answers, which counts whole seconds. */

/** What the server's clock shows more than the browser's, ms: at least and at most. */
export interface Offset {
  least: number;
  most: number;
}

/** `Date` is rounded down, ms. */
const DATE_STEP_MS = 1_000;

/** Of an answer that says `dateMs`, asked for and received at these times of the browser's clock. */
export function heardOffset(dateMs: number, askedMs: number, receivedMs: number): Offset {
  return { least: dateMs - receivedMs, most: dateMs + DATE_STEP_MS - askedMs };
}

/** What both say; where they disagree one of the clocks was set, and the later one counts. */
export function narrowed(known: Offset | null, heard: Offset): Offset {
  if (known === null) return heard;
  const both = { least: Math.max(known.least, heard.least), most: Math.min(known.most, heard.most) };
  return both.least <= both.most ? both : heard;
}

/** What to add to the browser's clock, ms: nothing where it may well be right. */
export function correction(offset: Offset | null): number {
  if (offset === null || (offset.least <= 0 && offset.most >= 0)) return 0;
  return Math.round((offset.least + offset.most) / 2);
}

/** From here on a browser's clock is said to be off, ms: ranges of minutes show it. */
const OFF_MS = 30_000;

/** What to say of the browser's clock; `''` if it is right enough. */
export function clockText(correctionMs: number): string {
  const away = Math.abs(correctionMs);
  if (away < OFF_MS) return '';
  const [n, unit] =
    away < 3_600_000 ? [away / 60_000, 'minute'] : away < 172_800_000 ? [away / 3_600_000, 'hour'] : [away / 86_400_000, 'day']; // prettier-ignore
  const amount = Math.max(1, Math.round(n));
  return `This browser’s clock is ${amount} ${unit}${amount === 1 ? '' : 's'} ${correctionMs > 0 ? 'behind' : 'ahead of'} the server’s. Ranges here go by the server’s.`;
}

/** The page's clock. */
export class ServerClock {
  #offset: Offset | null = null;
  /** Told when the correction changes, ms. */
  onchange: ((correctionMs: number) => void) | null = null;

  /** The server's time, ms since the epoch. */
  now(): number {
    return Date.now() + correction(this.#offset);
  }

  hear(dateMs: number, askedMs: number, receivedMs: number) {
    const before = correction(this.#offset);
    this.#offset = narrowed(this.#offset, heardOffset(dateMs, askedMs, receivedMs));
    const after = correction(this.#offset);
    if (after !== before) this.onchange?.(after);
  }
}

export const serverClock = new ServerClock();
