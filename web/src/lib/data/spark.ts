/** A line without axes, for the course behind a figure: in a box of 100 × 100, 0 at its foot. */
import type { Range } from '../time/range';

export interface Spark {
  line: string;
  area: string;
}

/** `null` where there is no course: fewer than two values. */
export function sparkOf(times: (number | null)[], values: (number | null)[], { from, to }: Range): Spark | null {
  const points = times
    .flatMap((time, i) => (time === null || values[i] == null || time > to ? [] : [[time, values[i]] as const]))
    .sort(([a], [b]) => a - b);
  if (points.length < 2) return null;
  const [least, most] = points.reduce(([least, most], [, value]) => [Math.min(least, value), Math.max(most, value)], [0, 0]);
  const first = Math.min(from, points[0]![0]);
  const x = (time: number) => round((100 * (time - first)) / (to - first || 1));
  const y = (value: number) => round(100 - (100 * (value - least)) / (most - least || 1));
  const line = points.map(([time, value], i) => `${i === 0 ? 'M' : 'L'}${x(time)} ${y(value)}`).join('');
  return { line, area: `M${x(points[0]![0])} ${y(0)}${line.replace('M', 'L')}L${x(points.at(-1)![0])} ${y(0)}Z` };
} // prettier-ignore

const round = (n: number) => Number(n.toFixed(2));
