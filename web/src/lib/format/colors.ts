/** Colours: series by entity, severities by name. All are CSS variables, so that themes change them. */

/** How many series colours the style sheet has. */
export const N_SERIES_COLORS = 8;

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2]];

/**
 * Gives each entity of a dashboard its colour, the same in all panels. In the order of first
 * appearance and not by a hash: with eight colours two of five names would often share one.
 */
export class Palette {
  #slots = new Map<string, number>();

  colorOf(entity: string): string {
    return seriesColor(this.#slotOf(entity));
  }

  /** How its line is drawn, px on and off: whoever shares a colour with one before is dashed. */
  dashOf(entity: string): readonly number[] {
    return DASHES[Math.floor(this.#slotOf(entity) / N_SERIES_COLORS) % DASHES.length]!;
  }

  #slotOf(entity: string): number {
    let slot = this.#slots.get(entity);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(entity, slot);
    }
    return slot;
  }

  /** A colour that a file names. */
  named(name: string): string {
    return namedColor(name);
  }
}

export function seriesColor(slot: number): string {
  return `var(--series-${(slot % N_SERIES_COLORS) + 1})`;
}

const NAMED: Record<string, string> = {
  green: 'var(--good)',
  yellow: 'var(--notable)',
  orange: 'var(--warning)',
  red: 'var(--bad)',
  blue: 'var(--series-1)',
  purple: 'var(--series-6)',
  text: 'var(--text)',
  transparent: 'transparent',
};

/** Grafana's names in all their shades, or any colour that CSS knows. */
export function namedColor(name: string): string {
  const hue = name.replace(/^(super-light|semi-dark|light|dark)-/, '');
  if (NAMED[hue]) return NAMED[hue];
  return /^(#[\da-f]{3,8}|rgba?\([\d.,%\s/]+\)|hsla?\([\d.,%\s/]+\)|[a-z]+)$/i.test(name)
    ? name
    : 'var(--text)';
}
