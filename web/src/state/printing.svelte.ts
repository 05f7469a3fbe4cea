/** A dashboard on its way to the printer: laid out for paper first, then printed when every panel has its answer. */
import { tick, untrack } from 'svelte';
import { allPanels } from '../lib/model/dashboard';
import { componentOf } from '../panels/components';
import type { Board } from './board.svelte';
import { paper } from './paper.svelte';

export class Printing {
  phase = $state<'no' | 'laying out' | 'waiting'>('no');
  readonly #board: Board;

  /** Within a component, with whose life it ends. */
  constructor(board: Board) {
    this.#board = board;
    $effect(() => {
      if (this.phase === 'waiting' && !board.isWaiting) void untrack(() => this.#print());
    });
  }

  async start() {
    paper.begin();
    this.phase = 'laying out';
    // Panels learn of their widths a frame later, and ask for buckets of them.
    await frames();
    if (this.phase === 'laying out') this.phase = 'waiting';
  }

  async #print() {
    this.phase = 'no';
    await Promise.all(allPanels(this.#board.dashboard).map(({ type }) => componentOf(type)));
    await frames();
    if (paper.isOn) print();
  }

  stop = () => {
    this.phase = 'no';
    paper.end();
  };
}

async function frames() {
  await tick();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}
