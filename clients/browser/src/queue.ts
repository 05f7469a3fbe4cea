/**
 * Events that wait, on the disk: IndexedDB, or memory where a browser has none. It is one queue for all tabs, in pieces:
 * each is what one page logged within some seconds. Keys grow with time, whatever clocks say.
 */
import type { Stamp } from './clock.ts';

export interface Piece extends Stamp {
  /** Its key. */
  k?: number;
  /** The events as they are sent. */
  e: string[];
  /** When it was first sent, by the system's clock. From then on nothing in it changes: a retry must be the same. */
  a?: number;
}

/** A piece has a key as soon as it is kept. */
export type Kept = Piece & { k: number };

/** What the next request says of the one before: its last event, which working time goes on from. */
export interface Last extends Stamp {
  event: Sent;
}

/** What the sender reads of an event. */
export interface Sent {
  scope: string;
  timestamp: string;
  duration?: number;
  payload?: unknown;
}

/** What is needed of an IndexedDB store, within one transaction. */
interface Store {
  get<T = Kept>(key: number): Promise<T | undefined>;
  /** The first pieces, in order. */
  first(n: number): Promise<Kept[]>;
  count(): Promise<number>;
  /** Gives its key. */
  put(record: Piece | (Last & { k: number })): Promise<number>;
  remove(key: number): Promise<unknown>;
}

type Run = <T>(work: (store: Store) => Promise<T>, isLast?: boolean) => Promise<T>;

const STORE = 'pieces';
/** Keys of pieces begin with 1; this one has the `Last`, so that it changes with them. */
const LAST = 0;
/** Read at once: 1 MB at most. */
const READ_PIECES = 64;

const asked = <T>(request: IDBRequest) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });

function onDisk(name: string, instead: () => Run): Run {
  let database: IDBDatabase | undefined;
  let opening: Promise<unknown>;
  const open = () => {
    opening = (async () => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () =>
        request.result.createObjectStore(STORE, { keyPath: 'k', autoIncrement: true });
      database = await asked<IDBDatabase>(request);
      // A page that removes the database must not wait for this one.
      database.onversionchange = () => database!.close();
    })();
  };
  open();

  function transact<T>(work: (store: Store) => Promise<T>, isLast?: boolean): Promise<T> {
    const transaction = database!.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    const result = work({
      get: (key) => asked(store.get(key)),
      first: (n) => asked(store.getAll(IDBKeyRange.lowerBound(LAST, true), n)),
      count: () => asked(store.count()),
      put: (piece) => asked(store.put(piece)),
      remove: (key) => asked(store.delete(key)),
    });
    // What a page that goes away asks for is done without it.
    if (isLast) transaction.commit();
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error);
      result.catch(reject);
    });
  }

  // Within the same turn, where the database is open: a page that goes away has no other.
  return (work, isLast) => {
    try {
      if (database) return transact(work, isLast);
    } catch {
      // It was closed under us.
      open();
    }
    return opening.then(
      () => transact(work),
      () => instead()(work),
    );
  };
}

function inMemory(): Run {
  const records = new Map<number, unknown>();
  let newest = LAST;
  let turn: Promise<unknown> = Promise.resolve();
  const store: Store = {
    get: async <T>(key: number) => records.get(key) as T,
    first: async (n) => [...records].flatMap(([k, record]) => (k ? [record as Kept] : [])).slice(0, n),
    count: async () => records.size,
    put: async (record) => {
      const k = record.k ?? ++newest;
      records.set(k, { ...record, k });
      return k;
    },
    remove: async (key) => records.delete(key),
  };
  return <T>(work: (store: Store) => Promise<T>) => {
    const result = turn.then(() => work(store));
    turn = result.catch(() => {});
    return result;
  };
}

export function createQueue(name: string, maxPieces: number) {
  let memory: Run | undefined;
  const disk = onDisk(name, () => (memory ??= inMemory()));
  const run: Run = (work, isLast) => (memory ?? disk)(work, isLast);

  return {
    /** Whether it outlives the page. */
    isDurable: () => !memory,
    /**
     * Keeps new events: as `whole` in the place of the piece `key`, where that is still as it was left, and else as a
     * piece of their own. Gives the key, or nothing when the queue is full.
     */
    keep: (fresh: Piece, key?: number, whole?: string[]) =>
      run(async (store) => {
        const piece = key && (await store.get(key));
        if (piece && !piece.a) return store.put({ ...piece, e: whole! });
        return (await store.count()) < maxPieces ? store.put(fresh) : undefined;
      }),
    /** Writes pieces over what is there, from a page that goes away; gives their keys. */
    keepAll: (pieces: Piece[]) => run((store) => Promise.all(pieces.map(store.put)), true),
    /** Picks of the first pieces what to send, and marks it as sent in the same transaction. */
    take: (pick: (first: Kept[]) => Kept[]) =>
      run(async (store) => {
        const picked = pick(await store.first(READ_PIECES));
        for (const piece of picked) {
          if (!piece.a) await store.put({ ...piece, a: Date.now() });
        }
        return { picked, last: await store.get<Last>(LAST) };
      }),
    /** Removes what went through. */
    remove: (keys: number[], last: Last | undefined) =>
      run(async (store) => {
        if (last) await store.put({ ...last, k: LAST });
        await Promise.all(keys.map(store.remove));
      }),
  };
}

export type Queue = ReturnType<typeof createQueue>;
