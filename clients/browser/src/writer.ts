/** From `log` to the queue: events are gathered for a moment and written together. */
import type { Clock } from './clock.ts';
import { merge } from './collapse.ts';
import { endOf, toJson, type Entry } from './event.ts';
import type { Kept, Piece, Queue } from './queue.ts';

/** Well below the 250 ms after which an event is promised to be on the disk. */
const GATHER_MS = 100;
/** After the disk took nothing. */
const AGAIN_MS = 2000;
/** One piece holds so much. Tabs are sent in turns of this length, far below the gap that ends working time. */
const PIECE_MS = 10_000;
const PIECE_CHARS = 24_000;
/** What is kept in memory too, for the moment when the page goes away: browsers then send 64 KiB. */
const UNSENT_CHARS = 50_000;
/** Events that wait in memory while the disk takes none. */
const MAX_WAITING = 10_000;

interface Waiting {
  entry: Entry;
  json: string;
  /** The stretch of the page's time that it is of. */
  g: number;
}

/** The piece that is being added to. */
interface Current {
  piece: Kept;
  /** When its first event came. */
  begin: number;
  /** Its last event, which the next one may repeat. */
  newest: Entry;
}

interface Ticket {
  promise: Promise<boolean>;
  resolve(isKept: boolean): void;
}

const lengthOf = (texts: string[]) => texts.join().length;

/** What waits as parts that fit into a piece each. */
function parts(items: Waiting[]): Waiting[][] {
  const result: Waiting[][] = [];
  let n_chars = 0;
  for (const item of items) {
    n_chars += item.json.length;
    if (result.at(-1)?.[0]!.g !== item.g || n_chars > PIECE_CHARS) {
      result.push([]);
      n_chars = item.json.length;
    }
    result.at(-1)!.push(item);
  }
  return result;
}

export function createWriter(queue: Queue, clock: Clock, onError: (error: Error) => void) {
  let waiting: Waiting[] = [];
  /** What is being written. */
  let inFlight: Waiting[] = [];
  let ticket: Ticket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;
  let current: Current | undefined;
  /** This page's pieces that may be unsent, from the oldest on, as many as a page that goes away can send. */
  let unsent: Kept[] = [];

  const freshPiece = (part: Waiting[]): Piece => ({
    ...clock.stamp(part[0]!.g),
    e: part.map((item) => item.json),
  });

  function add(entry: Entry): Promise<boolean> {
    const g = clock.look();
    const last = waiting.at(-1);
    const merged = last?.g === g && merge(last.entry, entry);
    if (merged) waiting[waiting.length - 1] = { entry: merged, json: toJson(merged), g };
    else if (waiting.length < MAX_WAITING) waiting.push({ entry, json: toJson(entry), g });
    else return full(1);
    if (!ticket) {
      let resolve!: Ticket['resolve'];
      ticket = { promise: new Promise((done) => (resolve = done)), resolve };
      // Timers of a page that is not seen are late.
      if (document.hidden) queueMicrotask(write);
      else timer ??= setTimeout(write, GATHER_MS);
    }
    return ticket.promise;
  }

  function full(n_events: number): Promise<boolean> {
    onError(new Error(`the queue is full: ${n_events} lost`));
    return Promise.resolve(false);
  }

  /** Writes one part, into the current piece where it belongs there. */
  async function writePart(part: Waiting[]): Promise<boolean> {
    const { entry, g } = part[0]!;
    const fresh = freshPiece(part);
    const into = current?.piece.g === g ? current : undefined;
    const merged = into && merge(into.newest, entry);
    const whole = [...(into?.piece.e ?? []), ...fresh.e];
    if (merged) whole.splice(into.piece.e.length - 1, 2, toJson(merged));
    const hasRoom = into && endOf(entry) - into.begin < PIECE_MS && lengthOf(whole) < PIECE_CHARS;
    // A run that goes on is one event, however long.
    const isAdded = hasRoom || (merged && part.length < 2);
    const k = await queue.keep(fresh, isAdded ? into.piece.k : undefined, whole);
    if (!k) return full(part.length);
    const isInto = k === into?.piece.k;
    const piece = { ...fresh, k, e: isInto ? whole : fresh.e };
    current = {
      piece,
      begin: isInto ? into.begin : endOf(entry),
      newest: (isInto && part.length < 2 && merged) || part.at(-1)!.entry,
    };
    unsent = unsent.filter((other) => other.k !== k);
    if (lengthOf(unsent.flatMap((other) => other.e)) + lengthOf(piece.e) < UNSENT_CHARS) unsent.push(piece);
    return true;
  }

  async function writeAll(): Promise<void> {
    while (waiting.length) {
      const done = ticket!;
      inFlight = waiting;
      waiting = [];
      ticket = undefined;
      try {
        let isKept = true;
        for (const part of parts(inFlight)) {
          isKept = (await writePart(part)) && isKept;
          inFlight = inFlight.slice(part.length);
        }
        done.resolve(isKept && queue.isDurable());
      } catch (error) {
        onError(error as Error);
        done.resolve(false);
        waiting = [...inFlight, ...waiting];
        inFlight = [];
        timer = setTimeout(write, AGAIN_MS);
        return;
      }
    }
  }

  /** Writes what waits, and what comes meanwhile. */
  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    return (writing ??= writeAll().finally(() => {
      writing = undefined;
      // It came when the last look was over.
      return waiting.length && !timer ? write() : undefined;
    }));
  }

  return {
    add,
    write,
    /** Forgets pieces that were sent, by whichever page: those that are not in the queue any more. */
    keepOnly: (keys: number[]) => (unsent = unsent.filter((piece) => keys.includes(piece.k))),
    /**
     * Writes what waits at once, for a page that goes away. What `pick` chooses of this page's pieces is marked as sent;
     * gives it, and its keys when it is written.
     */
    leave(pick: (pieces: Piece[]) => Piece[]): { picked: Piece[]; keys: Promise<number[]> } {
      // What is being written may yet be merged into a piece, and must not be stored in another form as well.
      const isMerging = current && inFlight[0] && merge(current.newest, inFlight[0].entry);
      const fresh = parts([...inFlight.slice(isMerging ? 1 : 0), ...waiting]).map(freshPiece);
      const picked = pick([...unsent, ...fresh]);
      const done = ticket;
      const a = Date.now();
      for (const piece of picked) piece.a = a;
      const changed = [...new Set([...picked, ...fresh])];
      const keys = queue.keepAll(changed);
      waiting = [];
      ticket = current = undefined;
      unsent = unsent.filter((piece) => !piece.a);
      keys.then(
        () => done?.resolve(queue.isDurable()),
        () => done?.resolve(false),
      );
      return { picked, keys: keys.then((all) => all.slice(0, picked.length)) };
    },
  };
}

export type Writer = ReturnType<typeof createWriter>;
