/** The page as it is printed: light, one column, all rows, from the moment that somebody wants it on paper. */
import { flushSync } from 'svelte';

class Paper {
  isOn = $state(false);
  #theme: string | undefined;

  /** Charts are drawn anew in light colours before this returns. */
  begin = () => {
    if (this.isOn) return;
    const { dataset } = document.documentElement;
    this.#theme = dataset.theme;
    Object.assign(dataset, { theme: 'light', paper: '' });
    flushSync(() => (this.isOn = true));
  };

  end = () => {
    if (!this.isOn) return;
    const { dataset } = document.documentElement;
    delete dataset.paper;
    if (this.#theme === undefined) delete dataset.theme;
    else dataset.theme = this.#theme;
    this.isOn = false;
  };
}

export const paper = new Paper();
