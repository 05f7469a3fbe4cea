/** What every panel component is given. A panel draws frames; who asks for them is not its business. */
import type { About } from '../about';
import type { Frame } from '../data/frame';
import type { Palette } from '../format/colors';
import type { Annotation } from '../model/annotations';
import type { Panel } from '../model/dashboard';
import type { LinkContext } from '../model/links';
import type { ValueCount } from '../table/view';
import type { Zone } from '../time/zone';
import type { Range } from '../time/range';
import type { PanelView } from '../url/panelView';

/** A cell: of a table, the row by its word and the column by its name; other panels have names of their own. */
export interface CellPlace {
  /** Of `lib/events/identity.ts`. */
  row: string;
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
  /** From the URL: filters, and what is hidden. */
  view: PanelView;
  /** What is typed letter by letter is one step of the browser's history. */
  onview: (change: Partial<PanelView>, isTyped?: boolean) => void;
  /** Of a panel that lists events: what the server does for it. The frame has those that are loaded. */
  events: ListedEvents | null;
  /** From the URL: the cell whose value is open. */
  cell?: CellPlace | null;
  oncell?: (cell: CellPlace | null) => void;
  /** So high is all that it shows, px: more room would be empty. */
  onfit?: (heightPx: number) => void;
  /** A person dragged across these instants. */
  onzoom?: (range: Range) => void;
  /** What links from values may name. */
  links: LinkContext;
  /** What happened beside the data, of the range and beyond. */
  annotations: Annotation[];
  /** A text with what is chosen filled in for `$variables`. */
  filled: (text: string) => string;
  /** Asks SQL with the variables of the dashboard, for its range or another. */
  ask: Ask;
  /** The address of another dashboard with these variables set, and a range of its own. */
  linkTo: (uid: string, choices: Record<string, string[]>, range?: Range) => string;
}

/** The events behind a table that lists them. */
export interface ListedEvents {
  /** How many there are of the filters; `null` while that is not known. */
  readonly total: number | null;
  /** Whether all are loaded. */
  readonly isEnd: boolean;
  readonly isLoading: boolean;
  readonly failure: string | null;
  /** Columns that identify an event, which the panel did not ask for. */
  readonly added: readonly string[];
  /** Loads on. */
  older: () => Promise<void>;
  /** Whether the server filters and sorts by the column. */
  isAsked: (column: string) => boolean;
  /** Whether `values` counts them. */
  isCounted: (column: string) => boolean;
  /** Values that contain a text by how many events have them, of the other columns' filters. */
  values: (column: string, typed: string, signal: AbortSignal) => Promise<ValueCount[]>;
  /** The event of a word (`lib/events/identity.ts`), though filters of columns leave it out. */
  find: (key: string, signal: AbortSignal) => Promise<FoundEvent | null>;
}

export interface FoundEvent {
  frame: Frame;
  row: number;
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
