/** What a person likes, kept in the browser: theme, starred dashboards, recent ranges. */
import type { RawRange } from '../lib/time/range';
import { store, stored } from './stored';

const N_RECENT = 6;

export type Theme = 'system' | 'light' | 'dark';

class Preferences {
  theme = $state<Theme>(stored<Theme>('theme', 'system'));
  starred = $state.raw<string[]>(stored<string[]>('starred', []));
  recentRanges = $state.raw<RawRange[]>(stored<RawRange[]>('ranges', []));

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

  toggleStar(uid: string) {
    this.starred = this.starred.includes(uid)
      ? this.starred.filter((other) => other !== uid)
      : [...this.starred, uid];
    store('starred', this.starred);
  }

  rememberRange(range: RawRange) {
    const others = this.recentRanges.filter(({ from, to }) => from !== range.from || to !== range.to);
    this.recentRanges = [range, ...others].slice(0, N_RECENT);
    store('ranges', this.recentRanges);
  }
}

export const preferences = new Preferences();
