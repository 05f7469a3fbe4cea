/** What was asked before, the last first, each once. */

export interface Asked {
  sql: string;
  /** When it was asked last, ms. */
  atMs: number;
}

export const MOST_ASKED = 50;

export function remembered(history: readonly Asked[], sql: string, atMs: number): Asked[] {
  const text = sql.trim();
  if (text === '') return [...history];
  return [{ sql: text, atMs }, ...history.filter((one) => one.sql !== text)].slice(0, MOST_ASKED);
}

/** In one line, for a list. */
export function shortened(sql: string, most = 90): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
