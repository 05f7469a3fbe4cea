/** What every panel component is given. A panel draws frames; who asks for them is not its business. */
import type { About } from '../about';
import type { Frame } from '../data/frame';
import type { Palette } from '../format/colors';
import type { Panel } from '../model/dashboard';
import type { Zone } from '../time/zone';
import type { Range } from '../time/range';

/** A cell: of a table, the row by its place in the answer and the column by its name; other panels have names of their own. */
export interface CellPlace {
  row: number;
  column: string;
}

export interface PanelProps {
  panel: Panel;
  /** With the panel's transformations applied. */
  frames: Frame[];
  /** The instants that the frames were asked for. */
  range: Range;
  zone: Zone;
  palette: Palette;
  /** What the whole view shows, for what leaves the page. */
  about: () => About;
  /** From the URL: a column, with `-` in front for descending. */
  sort?: string | undefined;
  onsort?: (sort: string | null) => void;
  /** From the URL: the cell whose value is open. */
  cell?: CellPlace | null;
  oncell?: (cell: CellPlace | null) => void;
  /** A person dragged across these instants. */
  onzoom?: (range: Range) => void;
  /** A text with what is chosen filled in for `$variables`. */
  filled: (text: string) => string;
  /** Asks SQL with the variables of the dashboard, for its range or another. */
  ask: Ask;
  /** The address of another dashboard with these variables set, and a range of its own. */
  linkTo: (uid: string, choices: Record<string, string[]>, range?: Range) => string;
}

export type Ask = (sql: string, options?: AskOptions) => Promise<Frame>;

export interface AskOptions {
  range?: Range;
  /** Values of `{name:Type}`. */
  params?: Record<string, unknown>;
  /** Most rows. */
  limit?: number;
  signal?: AbortSignal;
}
