/** Lines and areas that are interrupted where there is no value. */
import uPlot from 'uplot';

export interface Look {
  /** Filled down to 0. */
  isFilled: boolean;
  /** Drawn through where there is no value. */
  spansGaps: boolean;
}

/** What a line is drawn with. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/** Width of a value between two gaps, in pixels of the canvas: a line of no length would not be seen. */
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
  spansGaps: boolean,
) {
  let [nDrawn, x, y] = [0, 0, 0];
  const lift = () => {
    if (nDrawn === 1) {
      stroke.moveTo(x - LONE_PX / 2, y);
      stroke.lineTo(x + LONE_PX / 2, y);
      fill?.moveTo(x - LONE_PX / 2, bottom);
      fill?.lineTo(x - LONE_PX / 2, y);
      x += LONE_PX / 2;
      fill?.lineTo(x, y);
    }
    if (nDrawn > 0) fill?.lineTo(x, bottom);
    nDrawn = 0;
  };
  for (let i = from; i <= to; i++) {
    const value = values[i];
    if (value == null) {
      if (!spansGaps) lift();
      continue;
    }
    const [startX, startY] = [x, y];
    x = xOf(i);
    y = yOf(value);
    if (nDrawn === 1) {
      stroke.moveTo(startX, startY);
      fill?.moveTo(startX, bottom);
      fill?.lineTo(startX, startY);
    }
    if (nDrawn > 0) {
      stroke.lineTo(x, y);
      fill?.lineTo(x, y);
    }
    nDrawn++;
  }
  lift();
}

/**
 * uPlot's own lines draw through gaps and clip them out, a rectangle for each: with the 200 lines of
 * Management the first panel came at 304 ms, and comes at 264 so. A lone value they do not draw. Theirs are for
 * more points than pixels, most of which would be drawn in vain here.
 */
export function lines({ isFilled, spansGaps }: Look): uPlot.Series.PathBuilder {
  return (u, seriesIdx, idx0, idx1) =>
    uPlot.orient(
      u,
      seriesIdx,
      (_series, dataX, dataY, scaleX, scaleY, valToPosX, valToPosY, xOff, yOff, xDim, yDim) => {
        const [stroke, fill] = [new Path2D(), isFilled ? new Path2D() : null];
        const xOf = (i: number) => valToPosX(dataX[i]!, scaleX, xDim, xOff);
        const yOf = (value: number) => valToPosY(value, scaleY, yDim, yOff);
        trace(dataY, [idx0, idx1], { xOf, yOf, bottom: yOf(0) }, { stroke, fill }, spansGaps);
        return { stroke, fill, clip: null, band: null, gaps: null, flags: BAND_CLIP_FILL };
      },
    ) as uPlot.Series.Paths;
}

/** What uPlot's own builders say of a path. */
const BAND_CLIP_FILL = 1;
