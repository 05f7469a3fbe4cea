/** Lines and areas that are interrupted where there is no value. */
import uPlot from 'uplot';
import type { Interpolation } from '../lib/panels/style';

export interface Look {
  /** Filled down to 0. */
  isFilled: boolean;
  /** Drawn through where there is no value. */
  spansGaps: boolean;
  interpolation: Interpolation;
}

/** What a line is drawn with. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void;
}

/** Values without a gap between them. */
interface Run {
  xs: number[];
  ys: number[];
}

/** Width of a value between two gaps, in pixels of the canvas: an area of no width would not be seen. */
const LONE_PX = 4;

/**
 * Draws the values of indexes `from` to `to`, both included, at the places that `xOf` and `yOf` tell. The areas
 * below them are closed at `bottom`.
 */
export function trace(
  values: ArrayLike<number | null | undefined>,
  [from, to]: [number, number],
  { xOf, yOf, bottom }: { xOf: (i: number) => number; yOf: (value: number) => number; bottom: number },
  { stroke, fill }: { stroke: Pen; fill: Pen | null },
  { spansGaps, interpolation }: Pick<Look, 'spansGaps' | 'interpolation'>,
) {
  let run: Run = { xs: [], ys: [] };
  const lift = () => {
    if (run.xs.length === 1) run = widened(run);
    if (run.xs.length > 0) {
      draw(stroke, run, interpolation);
      if (fill !== null) fillBelow(fill, run, interpolation, bottom);
    }
    run = { xs: [], ys: [] };
  };
  for (let i = from; i <= to; i++) {
    const value = values[i];
    if (value != null) {
      run.xs.push(xOf(i));
      run.ys.push(yOf(value));
    } else if (!spansGaps) lift();
  }
  lift();
}

function widened({ xs: [x], ys: [y] }: Run): Run {
  return { xs: [x! - LONE_PX / 2, x! + LONE_PX / 2], ys: [y!, y!] };
}

function draw(pen: Pen, run: Run, interpolation: Interpolation) {
  pen.moveTo(run.xs[0]!, run.ys[0]!);
  go(pen, run, interpolation);
}

function fillBelow(pen: Pen, run: Run, interpolation: Interpolation, bottom: number) {
  pen.moveTo(run.xs[0]!, bottom);
  pen.lineTo(run.xs[0]!, run.ys[0]!);
  go(pen, run, interpolation);
  pen.lineTo(run.xs.at(-1)!, bottom);
}

/** From the first value to the last. */
function go(pen: Pen, { xs, ys }: Run, interpolation: Interpolation) {
  if (interpolation === 'smooth' && xs.length > 2) return curve(pen, { xs, ys });
  for (let i = 1; i < xs.length; i++) {
    if (interpolation === 'stepBefore') pen.lineTo(xs[i - 1]!, ys[i]!);
    if (interpolation === 'stepAfter') pen.lineTo(xs[i]!, ys[i - 1]!);
    pen.lineTo(xs[i]!, ys[i]!);
  }
}

/** A cubic curve that rises and falls only where the values do (Fritsch and Carlson's slopes). */
function curve(pen: Pen, { xs, ys }: Run) {
  const slope = (i: number) => (ys[i + 1]! - ys[i]!) / (xs[i + 1]! - xs[i]!);
  const last = xs.length - 1;
  const tangent = (i: number): number => {
    if (i === 0) return slope(0);
    if (i === last) return slope(last - 1);
    const [before, after] = [slope(i - 1), slope(i)];
    if (before * after <= 0) return 0;
    const [left, right] = [xs[i]! - xs[i - 1]!, xs[i + 1]! - xs[i]!];
    return (3 * (left + right)) / ((2 * right + left) / before + (right + 2 * left) / after);
  };
  let before = tangent(0);
  for (let i = 1; i <= last; i++) {
    const [third, after] = [(xs[i]! - xs[i - 1]!) / 3, tangent(i)];
    pen.bezierCurveTo(
      xs[i - 1]! + third,
      ys[i - 1]! + before * third,
      xs[i]! - third,
      ys[i]! - after * third,
      xs[i]!,
      ys[i]!,
    );
    before = after;
  }
}

/** Where values between two gaps are: a line has no length there, so they get a point. */
export function loneAt(values: ArrayLike<number | null | undefined>, spansGaps: boolean): number[] {
  const found: number[] = [];
  let nPresent = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] == null) continue;
    nPresent++;
    if (values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return spansGaps && nPresent > 1 ? [] : found;
}

/**
 * uPlot's own lines draw through gaps and clip them out, a rectangle for each: with the 200 lines of
 * Management the first panel came at 304 ms, and comes at 264 so. A lone value they do not draw. Theirs are for
 * more points than pixels, most of which would be drawn in vain here.
 */
export function lines({ isFilled, spansGaps, interpolation }: Look): uPlot.Series.PathBuilder {
  return (u, seriesIdx, idx0, idx1) =>
    uPlot.orient(
      u,
      seriesIdx,
      (_series, dataX, dataY, scaleX, scaleY, valToPosX, valToPosY, xOff, yOff, xDim, yDim) => {
        const [stroke, fill] = [new Path2D(), isFilled ? new Path2D() : null];
        const xOf = (i: number) => valToPosX(dataX[i]!, scaleX, xDim, xOff);
        const yOf = (value: number) => valToPosY(value, scaleY, yDim, yOff);
        trace(dataY, [idx0, idx1], { xOf, yOf, bottom: yOf(0) }, { stroke, fill }, { spansGaps, interpolation });
        return { stroke, fill, clip: null, band: null, gaps: null, flags: BAND_CLIP_FILL };
      },
    ) as uPlot.Series.Paths;
} // prettier-ignore

/** What uPlot's own builders say of a path. */
const BAND_CLIP_FILL = 1;
