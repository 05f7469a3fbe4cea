/** What a panel shows: its queries, asked again when something that they depend on changes. */
import type { Answer, QueryBody } from '../lib/api/client';
import { ApiFailure } from '../lib/api/client';
import type { Frame } from '../lib/data/frame';
import { transform } from '../lib/data/transform';
import { inWindows } from '../lib/events/pages';
import type { Panel } from '../lib/model/dashboard';
import type { Range } from '../lib/time/range';
import { bodiesOf } from './bodies';
import { said, type Board } from './board.svelte';

export interface Sent {
  refId: string;
  body: QueryBody;
  answer: Answer | null;
  /** From the page's side, ms. */
  tookMs: number;
}

export interface Shown {
  frames: Frame[];
  range: Range;
  isTruncated: boolean;
  /** The latest events may be missing. */
  isBehind: boolean;
}

export interface Failure {
  message: string;
  hint: string | null;
  refId: string;
  place: { line: number; column: number } | null;
}

export class PanelData {
  shown = $state.raw<Shown | null>(null);
  isLoading = $state(false);
  failure = $state.raw<Failure | null>(null);
  sent = $state.raw<Sent[]>([]);
  #key = '';
  #abort: AbortController | null = null;
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
  }

  /** Asks if anything changed since the last time. */
  update(panel: Panel, widthPx: number, isForced = false) {
    const board = this.#board;
    if (panel.targets.length === 0) return;
    const bodies = bodiesOf(board, panel, widthPx);
    if (bodies === null) {
      this.isLoading = true;
      return;
    }
    const { range } = board;
    const key = JSON.stringify([bodies, panel.source.transformations]);
    if (key === this.#key && !isForced) return;
    this.#key = key;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    void this.#ask(panel, bodies, range, abort.signal);
  }

  async #ask(panel: Panel, bodies: QueryBody[], range: Range, signal: AbortSignal) {
    this.isLoading = true;
    const sent = bodies.map((body, i): Sent => ({ refId: panel.targets[i]!.refId, body, answer: null, tookMs: 0 })); // prettier-ignore
    let failed = sent[0]!;
    try {
      await Promise.all(
        sent.map(async (one) => {
          const begin = performance.now();
          try {
            one.answer = await this.#answer(one, signal);
          } catch (error) {
            failed = one;
            throw error;
          } finally {
            one.tookMs = performance.now() - begin;
          }
        }),
      );
      signal.throwIfAborted();
      const frames = sent.map(({ answer }) => transform(answer!.frame, panel.source.transformations ?? []));
      const isTruncated = sent.some(({ answer }) => answer!.stats.truncated);
      const isBehind = sent.some(({ answer }) => answer!.stats.behind);
      this.shown = { frames, range, isTruncated, isBehind };
      this.failure = null;
    } catch (error) {
      if (signal.aborted) return;
      const { hint = null, place = null } = error instanceof ApiFailure ? error : {};
      this.failure = { message: said(error), hint, place, refId: failed.refId };
    }
    this.sent = sent;
    this.isLoading = false;
  }

  #answer({ body: { windows, ...body }, refId }: Sent, signal: AbortSignal): Promise<Answer> {
    if (windows === undefined) return this.#board.ask(body, refId, signal);
    return inWindows(windows, body.limit ?? Infinity, (range) =>
      this.#board.ask({ ...body, range }, refId, signal),
    );
  }

  close() {
    this.#abort?.abort();
  }
}
