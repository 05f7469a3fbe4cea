/** Annotations of an open dashboard: asked once for all of its charts, and switched on and off in the address. */
import type { QueryBody } from '../lib/api/client';
import { annotationsOfDates, annotationsOfRows, isShownOn, type Annotation, type AnnotationList } from '../lib/model/annotations'; // prettier-ignore
import { referencesIn } from '../lib/model/variable';
import { said, type Board } from './board.svelte';
import { router } from './router.svelte';

/** More of a list are no marks any more. */
const MOST = 1_000;

interface Answered {
  key: string;
  annotations: Annotation[];
  /** What was wrong; empty if nothing was. */
  failure: string;
}

export class Annotations {
  readonly #board: Board;
  /** By the name of their list. */
  #answers = $state.raw<Record<string, Answered>>({});
  #asked = new Map<string, { key: string; abort: AbortController }>();

  constructor(board: Board) {
    this.#board = board;
  }

  get lists(): AnnotationList[] {
    return this.#board.file.annotations;
  }

  isOn({ name, startsOn }: AnnotationList): boolean {
    return router.view.annotations[name] ?? startsOn;
  }

  toggle(list: AnnotationList) {
    const { [list.name]: _, ...others } = router.view.annotations;
    const isOn = !this.isOn(list);
    router.change({ annotations: isOn === list.startsOn ? others : { ...others, [list.name]: isOn } });
  }

  failureOf({ name }: AnnotationList): string {
    return this.#answers[name]?.failure ?? '';
  }

  /** What a panel shows of those that are on. */
  of(panel: number): Annotation[] {
    return this.lists
      .filter((list) => this.isOn(list) && isShownOn(list, panel))
      .flatMap((list) => [
        ...annotationsOfDates(list, this.#board.zone),
        ...(this.#answers[list.name]?.annotations ?? []),
      ]);
  }

  /** Asks each query that is on, where its text, its filters or the range changed. */
  load() {
    const { range } = this.#board;
    for (const list of this.lists) {
      if (list.sql === '' || !this.isOn(list)) continue;
      const variables = this.#board.values(referencesIn(list.sql));
      if (variables === null) continue;
      const key = JSON.stringify([list.sql, variables, range]);
      const before = this.#asked.get(list.name);
      if (before?.key === key) continue;
      before?.abort.abort();
      const abort = new AbortController();
      this.#asked.set(list.name, { key, abort });
      void this.#ask(list, key, { sql: list.sql, range, variables, limit: MOST }, abort.signal);
    }
  }

  async #ask(list: AnnotationList, key: string, body: QueryBody, signal: AbortSignal) {
    let answered: Answered = { key, annotations: [], failure: '' };
    try {
      // Charts come first.
      const { frame } = await this.#board.ask(body, 'A', signal, 'later');
      answered.annotations = annotationsOfRows(list, frame);
    } catch (error) {
      if (signal.aborted) return;
      answered = { ...answered, failure: said(error) };
    }
    this.#answers = { ...this.#answers, [list.name]: answered };
  }

  close() {
    for (const { abort } of this.#asked.values()) abort.abort();
  }
}
