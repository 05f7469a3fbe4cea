/** Files in the making: all that a panel's filters say, and how far it is. */
import { csvHead, csvOf, csvRows } from '../lib/data/csv';
import { withoutColumns, type Frame } from '../lib/data/frame';
import { transform } from '../lib/data/transform';
import { downloadCsv } from '../lib/download';
import { numberText } from '../lib/format/value';
import type { Panel } from '../lib/model/dashboard';
import { timestampText } from '../lib/time/format';
import type { PanelContent } from '../panels/actions';
import type { Board } from './board.svelte';
import type { EventRows } from './eventRows.svelte';
import { tried } from './failures.svelte';

export interface Download {
  id: number;
  title: string;
  nRows: number;
  /** `null` while that is not known. */
  total: number | null;
  /** What is to be known of the file; then it is done. */
  note: string | null;
  stop: () => void;
}

/** Rows that are asked for at once: below what a server gives by default, and little to hold. */
const ROWS_AT_ONCE = 20_000;

class Downloads {
  /** Under way, or with something to be read. */
  listed = $state.raw<Download[]>([]);
  #nextId = 1;

  /** Saves what a panel shows: of a list all events of its filters, of others all rows of their answers. */
  save(board: Board, { panel, data, events }: PanelContent): Promise<void> {
    const { range } = data.shown ?? board;
    const days = [range.from, range.to].map((end) => timestampText(end, board.zone, 'day'));
    const title = `${panel.title || board.dashboard.title} ${[...new Set(days)].join(' to ')}`;
    return tried('The file could not be made', async () => {
      if (events !== null) await this.#events(board, title, events);
      else await this.#answers(board, title, panel, data);
    });
  }

  async #events(board: Board, title: string, events: EventRows) {
    const abort = new AbortController();
    const id = this.#begin(title, events.total, () => abort.abort());
    const parts: Blob[] = [];
    let nRows = 0;
    try {
      for await (const page of events.pages(ROWS_AT_ONCE, abort.signal)) {
        const frame = withoutColumns(page, events.added);
        // As a blob each, which a browser may put on its disk.
        parts.push(new Blob([parts.length === 0 ? csvHead(frame) : '', csvRows(frame, board.zone)]));
        nRows += frame.rows.length;
        this.#change(id, { nRows, total: events.total === null ? null : Math.max(events.total, nRows) });
      }
      downloadCsv(title, parts);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      this.dismiss(id);
    }
  }

  async #answers(board: Board, title: string, panel: Panel, { shown, sent }: PanelContent['data']) {
    if (shown === null) return;
    if (!shown.isTruncated) {
      for (const frame of shown.frames) downloadCsv(title, csvOf(frame, board.zone));
      return;
    }
    const abort = new AbortController();
    const id = this.#begin(title, null, () => abort.abort());
    try {
      for (const { body, refId } of sent) {
        // As many as the server gives.
        const { limit: _, ...whole } = body;
        const { frame, stats } = await board.ask(whole, refId, abort.signal);
        this.#saveAnswer(board, title, transform(frame, panel.source.transformations ?? []), stats.truncated);
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      this.dismiss(id);
    }
  }

  #saveAnswer(board: Board, title: string, frame: Frame, isCut: boolean) {
    const nRows = frame.rows.length;
    downloadCsv(isCut ? `${title} first ${nRows} rows` : title, csvOf(frame, board.zone));
    if (!isCut) return;
    const id = this.#begin(title, nRows, () => {});
    const note = `The file has the first ${numberText(nRows)} rows: the server gives no more at once (query.max_rows). Narrow the filters or the range for the others.`;
    this.#change(id, { nRows, note });
  }

  dismiss(id: number) {
    this.listed = this.listed.filter((other) => other.id !== id);
  }

  #begin(title: string, total: number | null, stop: () => void): number {
    const id = this.#nextId++;
    this.listed = [...this.listed, { id, title, total, nRows: 0, note: null, stop }];
    return id;
  }

  #change(id: number, change: Partial<Download>) {
    this.listed = this.listed.map((other) => (other.id === id ? { ...other, ...change } : other));
  }
}

export const downloads = new Downloads();
