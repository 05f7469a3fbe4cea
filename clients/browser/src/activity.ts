/** `user:activity`: says that the user is there, at most once in 60 s; it counts as working time and is never stored. */

import { listen } from './page.ts';

const PAUSE_MS = 60_000;
const KINDS = ['pointermove', 'pointerdown', 'keydown', 'wheel'];

/** Calls `report` while the user does something; gives a function that ends it. */
export function watchActivity(report: () => void): () => void {
  let notBefore = 0;
  const onActivity = () => {
    if (performance.now() < notBefore) return;
    notBefore = performance.now() + PAUSE_MS;
    report();
  };
  const ends = KINDS.map((kind) => listen(window, kind, onActivity));
  return () => ends.forEach((end) => end());
}
