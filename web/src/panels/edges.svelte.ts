/**
 * Charts under each other have one plot, so that an instant is at one place in all of them: each leaves as much
 * room at its sides as the one that needs most.
 */

export interface Sides {
  /** Of the axis. */
  leftPx: number;
  /** Of a legend beside the chart. */
  rightPx: number;
}

class Edges {
  /** By the column of charts and the chart. */
  readonly #columns = $state<Record<string, Record<string, Sides>>>({});

  claim(column: string, chart: string, sides: Sides) {
    (this.#columns[column] ??= {})[chart] = sides;
  }

  leave(column: string, chart: string) {
    delete this.#columns[column]?.[chart];
  }

  of(column: string): Sides {
    const all = Object.values(this.#columns[column] ?? {});
    return {
      leftPx: Math.max(0, ...all.map(({ leftPx }) => leftPx)),
      rightPx: Math.max(0, ...all.map(({ rightPx }) => rightPx)),
    };
  }
}

export const edges = new Edges();
