/** One stop of Tab for a grid of hours: which of its cells has it, and where keys lead from there. */
import { walked, within, type Place } from '../../lib/table/walk';

/** Rows of a page: grids of hours are as high as they are. */
const PAGE = 10;

export class Stop {
  #chosen = $state.raw<Place>({ row: 0, at: 0 });
  readonly #sizeOf: () => { rows: number; columns: number };

  constructor(sizeOf: () => { rows: number; columns: number }) {
    this.#sizeOf = sizeOf;
  }

  /** Rows that were closed have no cell. */
  get at(): Place {
    return within(this.#chosen, this.#sizeOf());
  }

  onkeydown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const next = walked(event, this.at, { ...this.#sizeOf(), page: PAGE });
    if (next === null) return;
    event.preventDefault();
    this.#chosen = next;
    event.currentTarget.querySelector<HTMLElement>(`[data-cell="${next.row}-${next.at}"]`)?.focus();
  };

  /** Keys go on from what was clicked. */
  onfocusin = ({ target }: FocusEvent) => {
    const [row, at] = ((target as HTMLElement).dataset.cell ?? '').split('-').map(Number);
    if (row !== undefined && at !== undefined) this.#chosen = { row, at };
  };

  /** The attributes of a cell, or of the button in it. */
  cell(row: number, at: number): { 'data-cell': string; tabindex: 0 | -1 } {
    const now = this.at;
    return { 'data-cell': `${row}-${at}`, tabindex: now.row === row && now.at === at ? 0 : -1 };
  }
}
