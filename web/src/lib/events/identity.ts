/**
 * Which row of an answer is meant, in a word that stays true when the answer is asked for again. An event is
 * known by when it happened, the request that it belongs to and its place in the order of arrival; who may not
 * see that place has a hash of what the row says in its stead. A row that is no event has the hash alone.
 */
import { plainText, type Column, type Frame } from '../data/frame';
import { EVENT_COLUMNS } from './list';

export interface EventPlace {
  atMs: number;
  requestId: string;
  position: number | null;
}

/** The word for a row, by which it is found in another answer. */
export function rowKeys({ columns, rows }: Frame): string[] {
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const [at, request, position] = ['timestamp', 'request_id', 'position'].map(placeOf) as [number, number, number]; // prettier-ignore
  const isEvent = at >= 0 && request >= 0;
  const telling = tellingColumns(columns, isEvent);
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const place = isEvent ? `${plainText(row[at])}_${plainText(row[request])}_` : '';
    if (isEvent && position >= 0 && row[position] != null) return `${place}${plainText(row[position])}`;
    const key = `${place}h${hash(telling.map((column) => plainText(row[column])).join('\u0000'))}`;
    // What says the same is told apart by its order.
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before === 0 ? key : `${key}-${before}`;
  });
}

/** Where to look for an event; `null` if the word is none of an event. */
export function eventPlace(key: string): EventPlace | null {
  const [, at, requestId, position] = /^(-?\d+)_([^_]*)_(?:(\d+)|h\w+(?:-\d+)?)$/.exec(key) ?? [];
  if (at === undefined || requestId === undefined) return null;
  return { atMs: Number(at), requestId, position: position === undefined ? null : Number(position) };
}

/** What figures say changes from answer to answer; ids do not. Of an event all counts that is its own. */
function tellingColumns(columns: Column[], isEvent: boolean): number[] {
  const places = columns.map((_, place) => place);
  if (isEvent) return places.filter((place) => EVENT_COLUMNS.includes(columns[place]!.name));
  const telling = places.filter((place) => {
    const { kind, name } = columns[place]!;
    return kind !== 'number' || /(^|_|\b)id$/i.test(name);
  });
  return telling.length > 0 ? telling : places;
}

/** 53 bits of a text, as a word (cyrb53): enough to tell some thousand rows apart. */
export function hash(text: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}
