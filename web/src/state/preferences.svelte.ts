/** What a person likes, kept in the browser: theme, starred dashboards, recent ranges, the week's first day. */
import type { RawRange } from '../lib/time/range';
import { parseWeekStart, type WeekStart } from '../lib/time/week';

const N_RECENT = 6;

export function stored<T>(key: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(`annoscope.${key}`);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function store(key: string, value: unknown) {
  try {
    localStorage.setItem(`annoscope.${key}`, JSON.stringify(value));
  } catch {
    // Private windows have no storage; then it lasts as long as the page.
  }
}

/** How somebody looks at a table, which is no part of what it shows. */
export interface TableLook {
  /** px, by the column's name. */
  widths: Record<string, number>;
  isWrapped: boolean;
  /** Whether the first column stays when others scroll; absent in what was stored before there was the choice. */
  isFrozen?: boolean;
}

const LOOK: TableLook = { widths: {}, isWrapped: false };
/** Tables that are remembered; those longest untouched go. */
const N_TABLES = 100;

export type Theme = 'system' | 'light' | 'dark';

class Preferences {
  theme = $state<Theme>(stored<Theme>('theme', 'system'));
  starred = $state.raw<string[]>(stored<string[]>('starred', []));
  tables = $state.raw<Record<string, TableLook>>(stored<Record<string, TableLook>>('tables', {}));
  recentRanges = $state.raw<RawRange[]>(stored<RawRange[]>('ranges', []));

  weekStart = $state<WeekStart>(parseWeekStart(stored<unknown>('weekStart', '')));

  constructor() {
    this.#showTheme();
  }

  get isDark(): boolean {
    return this.theme === 'system'
      ? matchMedia('(prefers-color-scheme: dark)').matches
      : this.theme === 'dark';
  }

  setTheme(theme: Theme) {
    this.theme = theme;
    store('theme', theme);
    this.#showTheme();
  }

  #showTheme() {
    if (this.theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }

  setWeekStart(weekStart: WeekStart) {
    this.weekStart = weekStart;
    store('weekStart', weekStart);
  }

  toggleStar(uid: string) {
    this.starred = this.starred.includes(uid)
      ? this.starred.filter((other) => other !== uid)
      : [...this.starred, uid];
    store('starred', this.starred);
  }

  tableOf(uid: string, panel: number): TableLook {
    return this.tables[`${uid} ${panel}`] ?? LOOK;
  }

  setTable(uid: string, panel: number, look: TableLook) {
    const { [`${uid} ${panel}`]: _, ...others } = this.tables;
    const kept = Object.entries(others).slice(1 - N_TABLES);
    this.tables = { ...Object.fromEntries(kept), [`${uid} ${panel}`]: look };
    store('tables', this.tables);
  }

  rememberRange(range: RawRange) {
    const others = this.recentRanges.filter(({ from, to }) => from !== range.from || to !== range.to);
    this.recentRanges = [range, ...others].slice(0, N_RECENT);
    store('ranges', this.recentRanges);
  }
}

export const preferences = new Preferences();
