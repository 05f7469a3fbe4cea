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
import { wholeAnswer } from './wholeAnswer';

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
  /** Of a table: these are the first rows. */
  isTruncated: boolean;
  /** Of a chart that does not show all as finely as it was asked for; else empty. */
  note: string;
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
  /** When the question under way was asked, on the page's own watch, ms. */
  beganMs = $state(0);
  failure = $state.raw<Failure | null>(null);
  /** Nobody answered: what is shown is the last that was said. */
  isCutOff = $state(false);
  /** Somebody did not want to wait; seconds that it took until then. */
  stoppedAfterS = $state<number | null>(null);
  /** Whether it has been asked for, and nothing more will come by itself. */
  isSettled = $state(false);
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
    if (panel.targets.length === 0) {
      this.isSettled = true;
      return;
    }
    const bodies = bodiesOf(board, panel, widthPx);
    if (bodies === null) {
      this.beganMs = performance.now();
      this.isLoading = true;
      this.isSettled = false;
      return;
    }
    const { range } = board.rangeOf(panel);
    const key = JSON.stringify([bodies, panel.source.transformations]);
    if (key === this.#key && !isForced) return;
    this.#key = key;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    void this.#ask(panel, bodies, range, abort.signal);
  }

  async #ask(panel: Panel, bodies: QueryBody[], range: Range, signal: AbortSignal) {
    this.isLoading = true;
    this.isSettled = false;
    this.beganMs = performance.now();
    this.stoppedAfterS = null;
    const sent = bodies.map((body, i): Sent => ({ refId: panel.targets[i]!.refId, body, answer: null, tookMs: 0 })); // prettier-ignore
    let failed = sent[0]!;
    const notes = new Set<string>();
    try {
      await Promise.all(
        sent.map(async (one) => {
          const begin = performance.now();
          try {
            const ask = (body: QueryBody) => this.#board.ask(body, one.refId, signal);
            if (panel.type === 'timeseries') {
              const { body, answer, note } = await wholeAnswer(one.body, ask);
              Object.assign(one, { body, answer });
              if (note !== '') notes.add(note);
            } else one.answer = await this.#answer(one, signal);
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
      const isTruncated = notes.size === 0 && sent.some(({ answer }) => answer!.stats.truncated);
      const isBehind = sent.some(({ answer }) => answer!.stats.behind);
      this.shown = { frames, range, isTruncated, isBehind, note: [...notes].join(', ') };
      this.failure = null;
      this.isCutOff = false;
    } catch (error) {
      if (signal.aborted) return;
      this.isCutOff = error instanceof ApiFailure && error.isUnreachable;
      if (this.isCutOff) {
        // One message says it for all panels.
        this.failure = null;
        this.#settle();
        return;
      }
      const { hint = null, place = null } = error instanceof ApiFailure ? error : {};
      this.failure = { message: said(error), hint, place, refId: failed.refId };
    }
    this.sent = sent;
    this.#settle();
  }

  #settle() {
    this.isLoading = false;
    this.isSettled = true;
  }

  /** Ends what is under way. */
  stop(afterS: number) {
    this.#abort?.abort();
    this.#settle();
    this.stoppedAfterS = afterS;
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
