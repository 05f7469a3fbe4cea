/** Colours: series by entity, severities by name. All are CSS variables, so that themes change them. */

/** How many series colours the style sheet has. */
export const N_SERIES_COLORS = 8;

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2]];

/** Colours with their dashes. */
const N_LOOKS = N_SERIES_COLORS * DASHES.length;

/** Where a person's browser keeps which entity had which colour. */
export interface ColorMemory {
  read(): Record<string, number>;
  write(slots: Record<string, number>): void;
}

/** Entities that are remembered, the last ones. */
const N_REMEMBERED = 500;

/**
 * Gives each entity of a dashboard its colour: the same in all panels and on each visit. It is by the name, so
 * that others see the same; who finds it taken has the next one that is free, and keeps that.
 */
export class Palette {
  #slots = new Map<string, number>();
  #nUses = new Array<number>(N_LOOKS).fill(0);
  readonly #memory: ColorMemory | null;
  readonly #remembered: Record<string, number>;

  constructor(memory: ColorMemory | null = null) {
    this.#memory = memory;
    this.#remembered = memory?.read() ?? {};
  }

  colorOf(entity: string): string {
    return seriesColor(this.#slotOf(entity));
  }

  /** How its line is drawn, px on and off: whoever shares a colour with another is dashed. */
  dashOf(entity: string): readonly number[] {
    return DASHES[Math.floor(this.#slotOf(entity) / N_SERIES_COLORS) % DASHES.length]!;
  }

  #slotOf(entity: string): number {
    let slot = this.#slots.get(entity);
    if (slot === undefined) {
      slot = this.#freeSlot(this.#remembered[entity] ?? hash(entity) % N_SERIES_COLORS);
      this.#slots.set(entity, slot);
      this.#nUses[slot]! += 1;
      this.#remember(entity, slot);
    }
    return slot;
  }

  /** The wanted one; else the next of its dash, then of the others: where all are taken, one that fewest have. */
  #freeSlot(wanted: number): number {
    const row = wanted - (wanted % N_SERIES_COLORS);
    const others = Array.from({ length: N_LOOKS }, (_, i) => {
      const around = (wanted + i) % N_SERIES_COLORS;
      return (row + around + N_SERIES_COLORS * Math.floor(i / N_SERIES_COLORS)) % N_LOOKS;
    });
    const fewest = Math.min(...this.#nUses);
    return this.#nUses[wanted] === fewest ? wanted : others.find((slot) => this.#nUses[slot] === fewest)!;
  }

  #remember(entity: string, slot: number) {
    if (this.#memory === null || entity in this.#remembered) return;
    this.#remembered[entity] = slot;
    this.#memory.write(Object.fromEntries(Object.entries(this.#remembered).slice(-N_REMEMBERED)));
  }

  /** A colour that a file names. */
  named(name: string): string {
    return namedColor(name);
  }
}

/** FNV-1a: the same on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return value >>> 0;
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
