/** Which columns a narrow table begins with: whom or what a row is of, when it was, what it is sorted by, then the rest. */
import type { TableColumn } from './columns';

/** A table that is narrower shows two or three columns at once, px. */
export const NARROW_PX = 480;

const PERSON = /^(user|user_name|person)$/i;
const ID = /(^|_)id$/i;

type Ranked = Pick<TableColumn, 'column' | 'look'>;

/** Columns of one rank stay in the order of the file; `sorted` is the one that the file sorts by. */
export function byPriority<T extends Ranked>(columns: T[], sorted: string | undefined): T[] {
  const who = columns.find(({ column }) => PERSON.test(column.name)) ?? columns[0];
  const time = columns.find(({ column }) => column.kind === 'time');
  const rank = (one: T) => {
    if (one === who) return 0;
    if (one === time || one.column.name === sorted) return 1;
    if (one.look === 'json' || one.column.name === 'payload') return 4;
    return ID.test(one.column.name) ? 3 : 2;
  };
  return [...columns].sort((a, b) => rank(a) - rank(b));
}
