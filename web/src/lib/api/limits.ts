/** How much is asked for at once. */

/** Queries under way: the server runs two at a time, and a third fills the gap between two answers. */
export const QUERIES_AT_ONCE = 3;
/** Rows of a panel. */
export const PANEL_ROWS = 20_000;
/** Options of a filter. */
export const OPTIONS = 100_000;
