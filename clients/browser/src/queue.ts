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

/** What is needed of an IndexedDB store, within one transaction. */
interface Store {
  get(key: number): Promise<Kept | undefined>;
  /** The first ones, in order. */
  first(n: number): Promise<Kept[]>;
  count(): Promise<number>;
  /** Gives its key. */
  put(piece: Piece): Promise<number>;
  remove(key: number): Promise<unknown>;
}

type Run = <T>(work: (store: Store) => Promise<T>, isLast?: boolean) => Promise<T>;

const STORE = 'pieces';
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
      first: (n) => asked(store.getAll(null, n)),
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
  const pieces = new Map<number, Kept>();
  let last = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const store: Store = {
    get: async (key) => pieces.get(key),
    first: async (n) => [...pieces.values()].slice(0, n),
    count: async () => pieces.size,
    put: async (piece) => {
      const k = piece.k ?? ++last;
      pieces.set(k, { ...piece, k });
      return k;
    },
    remove: async (key) => pieces.delete(key),
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
        return picked;
      }),
    remove: (keys: number[]) => run((store) => Promise.all(keys.map(store.remove))),
  };
}

export type Queue = ReturnType<typeof createQueue>;
