/** How much is asked for at once. */

/** Queries under way: as many as the server runs at a time. Others wait here, where their order is known. */
export const QUERIES_AT_ONCE = 2;
/** Rows of a panel. */
export const PANEL_ROWS = 20_000;
/** Options of a filter. */
export const OPTIONS = 100_000;
