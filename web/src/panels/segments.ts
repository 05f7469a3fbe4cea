/** Lines that are interrupted where there is no value. */
import uPlot from 'uplot';

/**
 * uPlot's own lines draw through gaps and clip them out, a rectangle for each: with 200 lines that takes
 * longer than the lines. It is for many points a pixel, where these here would be drawn in vain.
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
