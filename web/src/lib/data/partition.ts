/** Grafana's transformation "Partition by values": a frame for each value of some columns, called by it. */
import type { Transformation } from '../model/grafana';
import { plainText, type Frame } from './frame';

export const PARTITION = 'partitionByValues';

interface Options {
  fields?: string[];
  keepFields?: boolean;
}

/** In the order in which the values come first. A frame without such columns is left as it is. */
export function partitioned(frame: Frame, transformations: Transformation[]): Frame[] {
  const found = transformations.find(({ id, disabled }) => id === PARTITION && !disabled);
  const { fields = [], keepFields = false } = (found?.options ?? {}) as Options;
  const by = frame.columns.flatMap(({ name }, at) => (fields.includes(name) ? [at] : []));
  if (by.length === 0 || frame.rows.length === 0) return [frame];
  const kept = frame.columns.flatMap((_, at) => (keepFields || !by.includes(at) ? [at] : []));
  const parts = new Map<string, unknown[][]>();
  for (const row of frame.rows) {
    const key = JSON.stringify(by.map((at) => row[at]));
    const part = parts.get(key);
    if (part) part.push(row);
    else parts.set(key, [row]);
  }
  const isValue = (at: number) => frame.columns[at]!.kind !== 'time' && !by.includes(at);
  const nValues = kept.filter(isValue).length;
  return Array.from(parts.values(), (rows) => {
    const labels = Object.fromEntries(by.map((at) => [frame.columns[at]!.name, plainText(rows[0]![at])]));
    const called = Object.values(labels).join(' · ');
    return {
      ...frame,
      columns: kept.map((at) => {
        const column = frame.columns[at]!;
        if (!isValue(at)) return column;
        // One value is called by what it is of; of several each says which it is.
        const name = nValues === 1 ? called : `${called} · ${column.name}`;
        return { ...column, name, of: column.name, labels };
      }),
      rows: rows.map((row) => kept.map((at) => row[at])),
    };
  });
}
