/** Lines that are interrupted where there is no value. */
import uPlot from 'uplot';

/**
 * uPlot's own lines draw through gaps and clip them out, a rectangle for each: with the 200 lines of
 * Management the first panel came at 304 ms, and comes at 264 so. Theirs are for more points than pixels,
 * most of which would be drawn in vain here.
 */
export const segments: uPlot.Series.PathBuilder = (u, seriesIdx, idx0, idx1) =>
  uPlot.orient(
    u,
    seriesIdx,
    (_series, dataX, dataY, scaleX, scaleY, valToPosX, valToPosY, xOff, yOff, xDim, yDim) => {
      const stroke = new Path2D();
      let isDown = false;
      for (let i = idx0; i <= idx1; i++) {
        const value = dataY[i];
        if (value == null) {
          isDown = false;
          continue;
        }
        const x = valToPosX(dataX[i]!, scaleX, xDim, xOff);
        const y = valToPosY(value, scaleY, yDim, yOff);
        if (isDown) stroke.lineTo(x, y);
        else stroke.moveTo(x, y);
        // A value between two gaps is a dash, where a line of no length would not be seen.
        if (!isDown && dataY[i + 1] == null) stroke.lineTo(x + LONE_PX, y);
        isDown = true;
      }
      return { stroke, fill: null, clip: null, band: null, gaps: null, flags: BAND_CLIP_FILL };
    },
  ) as uPlot.Series.Paths;

/** Length of a value's dash, in pixels of the canvas. */
const LONE_PX = 2;

/** What uPlot's own builders say of a path that is not filled. */
const BAND_CLIP_FILL = 1;
