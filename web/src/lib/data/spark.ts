/** A line without axes, for the course behind a figure: in a box of 100 × 100, interrupted where values are missing. */
import type { Range } from '../time/range';

export interface Spark {
  line: string;
  area: string;
}

type Point = [time: number, value: number];

/** `null` where there is no course: fewer than two values. */
export function sparkOf(times: (number | null)[], values: (number | null)[], { from, to }: Range): Spark | null {
  const points = times
    .flatMap((time, i): Point[] => (time === null || values[i] == null || time > to ? [] : [[time, values[i]]]))
    .sort(([a], [b]) => a - b);
  if (points.length < 2) return null;
  const [least, most] = points.reduce(([least, most], [, value]) => [Math.min(least, value), Math.max(most, value)], [0, 0]);
  const first = Math.min(from, points[0]![0]);
  const x = (time: number) => round((100 * (time - first)) / (to - first || 1));
  const y = (value: number) => round(100 - (100 * (value - least)) / (most - least || 1));
  const parts = runsOf(points).map((run) => {
    const line = run.map(([time, value], i) => `${i === 0 ? 'M' : 'L'}${x(time)} ${y(value)}`).join('');
    return { line, area: `M${x(run[0]![0])} ${y(0)}${line.replace('M', 'L')}L${x(run.at(-1)![0])} ${y(0)}Z` };
  });
  return { line: parts.map(({ line }) => line).join(''), area: parts.map(({ area }) => area).join('') };
} // prettier-ignore

/** Points that follow each other by the least distance there is, or by little more. */
function runsOf(points: Point[]): Point[][] {
  const step = points.slice(1).reduce((step, [time], i) => Math.min(step, time - points[i]![0]), Infinity);
  const runs: Point[][] = [];
  for (const [i, point] of points.entries()) {
    if (i > 0 && point[0] - points[i - 1]![0] <= 1.5 * step) runs.at(-1)!.push(point);
    else runs.push([point]);
  }
  return runs;
}

const round = (n: number) => Number(n.toFixed(2));
