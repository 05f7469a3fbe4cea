/** How uPlot draws a chart over time, from what its panel says. */
import uPlot from 'uplot';
import { logTexts, type Ticks } from '../lib/data/axis';
import { thresholdMarks, type Marks } from '../lib/data/thresholds';
import type { FieldConfig } from '../lib/model/grafana';
import { tickText } from '../lib/time/format';
import type { Range } from '../lib/time/range';
import { zoneName, type Zone } from '../lib/time/zone';
import { styleOf } from '../lib/panels/style';
import { lines, loneAt } from './segments';

export interface PlotSeries {
  label: string;
  /** As canvases know it. */
  color: string;
  /** Of who shares a colour with another. */
  dash: readonly number[];
  values: (number | null)[];
  config: FieldConfig;
}

export interface Plot {
  widthPx: number;
  heightPx: number;
  range: Range;
  zone: Zone;
  times: number[];
  series: PlotSeries[];
  /** Of the first series: charts have one axis. */
  config: FieldConfig;
  isStacked: boolean;
  /** Of the axis of values, where it is linear. */
  ends: [number, number];
  ticks: Ticks;
  leftPx: number;
  /** Canvases know no CSS variables. */
  resolved: (color: string) => string;
  /** Its sizes are known. */
  onready: (u: uPlot) => void;
  onmove: (u: uPlot) => void;
  onselect: (range: Range) => void;
}

/** Of the line below the plot. */
export const BELOW_PX = 24;
const LABEL_PX = 18;
const FONT = '11px system-ui, sans-serif';

/** Room for the texts of an axis. */
export function leftPxOf(texts: string[], config: FieldConfig): number {
  const { axisPlacement, axisLabel } = styleOf(config);
  if (axisPlacement === 'hidden' || axisPlacement === 'right') return 12;
  return 16 + 6.2 * Math.max(2, ...texts.map((text) => text.length)) + (axisLabel ? LABEL_PX : 0);
}

export function plotOptions(plot: Plot): uPlot.Options {
  const { range, zone, config, resolved } = plot;
  const style = styleOf(config);
  const marks = thresholdMarks(config, plot.ends);
  const [text, grid] = [resolved('var(--text-muted)'), resolved('var(--border)')];
  const axis = { stroke: text, font: FONT, ticks: { show: false }, grid: { stroke: grid, width: 1 } };
  return {
    width: plot.widthPx,
    height: plot.heightPx,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: () => [range.from / 1000, range.to / 1000] }, y: scaleOf(plot) },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 70,
        size: BELOW_PX,
        gap: 4,
        values: (_, ticks) => {
          const step = ((ticks[1] ?? 0) - (ticks[0] ?? 0)) * 1000;
          return ticks.map((tick) => tickText(tick * 1000, step, zone));
        },
      },
      { ...axis, ...valueAxis(plot), grid: { ...axis.grid, show: style.axisGridShow !== false } },
    ],
    ...(zone === 'browser'
      ? {}
      : { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), zoneName(zone)) }),
    series: [{}, ...plot.series.map((series) => seriesOptions(series, plot))],
    hooks: {
      drawAxes: [(u) => drawMarks(u, marks, resolved)],
      ready: [plot.onready],
      setCursor: [plot.onmove],
      setSelect: [(u) => selected(u, plot.onselect)],
    },
  };
}

function scaleOf({ config, ends }: Plot): uPlot.Scale {
  const { type, log = 2, linearThreshold = 1 } = styleOf(config).scaleDistribution ?? {};
  const base = log === 10 ? 10 : 2;
  if (type === 'log')
    return { distr: 3, log: base, range: (_, least, most) => uPlot.rangeLog(config.min || least || 1, config.max || most || base, base, true) };
  if (type === 'symlog')
    return { distr: 4, log: base, asinh: linearThreshold, range: (_, least, most) => uPlot.rangeAsinh(least ?? 0, most ?? base, base, true) };
  return { range: () => ends };
} // prettier-ignore

function valueAxis({ config, ticks, leftPx }: Plot): uPlot.Axis {
  const style = styleOf(config);
  const label = style.axisLabel ? { label: style.axisLabel, labelSize: LABEL_PX, labelFont: FONT, labelGap: 0 } : {}; // prettier-ignore
  const isRight = style.axisPlacement === 'right';
  const common: uPlot.Axis = {
    ...label,
    show: style.axisPlacement !== 'hidden',
    space: 36,
    gap: 4,
    side: isRight ? 1 : 3,
    size: (isRight ? leftPxOf(ticks.texts, { ...config, custom: { ...style, axisPlacement: 'left' } }) : leftPx) - (style.axisLabel ? LABEL_PX : 0), // prettier-ignore
  };
  if (isLog(config)) return { ...common, values: (_, splits) => logTexts(splits, config) };
  // uPlot's own distances are of a fixed list; ours are chosen already.
  return { ...common, incrs: [1e300], splits: () => ticks.at, values: () => ticks.texts };
}

export function isLog(config: FieldConfig): boolean {
  return ['log', 'symlog'].includes(styleOf(config).scaleDistribution?.type ?? '');
}

function seriesOptions({ label, color, dash, values, config }: PlotSeries, plot: Plot): uPlot.Series {
  const style = styleOf(config);
  const draws = style.drawStyle ?? 'line';
  const fill = plot.isStacked ? 100 : (style.fillOpacity ?? 0);
  const spansGaps = style.spanNulls === true;
  const isLine = draws !== 'bars' && draws !== 'points';
  const series: uPlot.Series = {
    label,
    stroke: color,
    width: isLine ? (style.lineWidth ?? 1.5) : 0,
    spanGaps: spansGaps,
    points: {
      show: draws === 'points' || (isLine && style.showPoints === 'always'),
      size: Math.max(style.pointSize ?? 5, 5),
      fill: color,
      // Whatever the file says of points: what is drawn by nothing else has one.
      filter: (_u, _series, show) => (show || !isLine ? null : loneAt(values, spansGaps)),
    },
  };
  const ownDash = style.lineStyle?.fill === 'dash' || style.lineStyle?.fill === 'dot' ? style.lineStyle.dash ?? [10, 10] : dash; // prettier-ignore
  if (ownDash.length > 0 && isLine) series.dash = [...ownDash];
  if (fill > 0 || draws === 'bars') series.fill = faded(color, draws === 'bars' ? Math.max(fill, 80) : fill);
  const interpolation = style.lineInterpolation ?? 'linear';
  if (isLine && (plot.times.length <= plot.widthPx || interpolation !== 'linear'))
    series.paths = lines({ isFilled: fill > 0, spansGaps, interpolation });
  if (draws === 'bars')
    series.paths = uPlot.paths.bars!({
      size: [style.barWidthFactor ?? 0.85, 60],
      align: style.barAlignment ?? 1,
    });
  return series;
}

function faded(color: string, percent: number): string {
  const share = Math.min(percent, 100);
  if (!/^#[\da-f]{6}$/i.test(color)) return `color-mix(in srgb, ${color} ${share}%, transparent)`;
  return color + Math.round((255 * share) / 100).toString(16).padStart(2, '0'); // prettier-ignore
}

/** Behind the lines, since they are what the data are held against. */
function drawMarks(u: uPlot, { lines, areas, isDashed }: Marks, resolved: (color: string) => string) {
  if (lines.length + areas.length === 0) return;
  const { ctx, bbox } = u;
  const yOf = (value: number) => u.valToPos(value, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { from, to, color } of areas) {
    ctx.fillStyle = faded(resolved(color), 12);
    ctx.fillRect(bbox.left, yOf(to), bbox.width, yOf(from) - yOf(to));
  }
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(isDashed ? [6 * devicePixelRatio, 4 * devicePixelRatio] : []);
  for (const { value, color } of lines) {
    // On whole pixels, so that it is as sharp as the grid.
    const y = Math.round(yOf(value)) + (ctx.lineWidth % 2) / 2;
    ctx.strokeStyle = resolved(color);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function selected(u: uPlot, onselect: (range: Range) => void) {
  if (u.select.width < 4) return;
  const from = u.posToVal(u.select.left, 'x') * 1000;
  const to = u.posToVal(u.select.left + u.select.width, 'x') * 1000;
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onselect({ from, to });
}
