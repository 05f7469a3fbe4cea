/** The axis of values: its ends, where its ticks stand, and texts that say exactly that. */
import type { FieldConfig } from '../model/grafana';
import { figureText, numberText, unitAt, withUnit, type NumberStyle } from '../format/value';

export interface Ticks {
  at: number[];
  texts: string[];
}

/** Of the axis' height, above the largest value. */
const HEADROOM = 0.06;

/** What is counted has no halves. */
const COUNTED = ['', 'none', 'short', 'locale'];

/** From the least to the most value, 0 within, as the panel wants it. */
export function axisRange(least: number | null, most: number | null, config: FieldConfig): [number, number] {
  const custom = (config.custom ?? {}) as { axisSoftMin?: number; axisSoftMax?: number; axisCenteredZero?: boolean }; // prettier-ignore
  let low = config.min ?? Math.min(0, least ?? 0, custom.axisSoftMin ?? 0);
  let high = config.max ?? Math.max(0, most ?? 1, custom.axisSoftMax ?? 0);
  if (custom.axisCenteredZero === true) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  if (high <= low) return [low, low + 1];
  return [low, config.max == null ? high + (high - low) * HEADROOM : high];
}

/** Whether all values are whole, and of a unit in which parts make no sense. */
export function isWhole(values: readonly (number | null)[][], { unit = '' }: NumberStyle): boolean {
  return COUNTED.includes(unit) && values.every((line) => line.every((value) => value === null || Number.isInteger(value))); // prettier-ignore
}

/**
 * At most `nMost` ticks, 1, 2 or 5 times a power of ten apart in the unit of the largest, which all of them
 * share. Their decimals are those of the distance: no two say the same, and none is rounded.
 */
export function ticksOf(
  [low, high]: [number, number],
  nMost: number,
  style: NumberStyle & { isWhole?: boolean },
): Ticks {
  const { size, unit } = unitAt(Math.max(Math.abs(low), Math.abs(high)), style.unit);
  const finest = style.isWhole ? 1 : style.decimals == null ? 0 : 10 ** -style.decimals * Math.min(size, 1);
  const [step, decimals] = roundStep(Math.max((high - low) / Math.max(nMost, 1), finest) / size);
  const at: number[] = [];
  const texts: string[] = [];
  for (let n = Math.ceil(low / size / step - 1e-9); n * step * size <= high + step * size * 1e-9; n++) {
    const shown = Number((n * step).toPrecision(12));
    at.push(Number((shown * size).toPrecision(12)));
    texts.push(n === 0 ? '0' : withUnit(numberText(shown, decimals), unit));
  }
  return { at, texts };
}

/** The next round distance, and its decimals. */
export function roundStep(wanted: number): [number, number] {
  const exponent = Math.floor(Math.log10(wanted));
  const factor = [1, 2, 5, 10].find((factor) => factor * 10 ** exponent >= wanted * (1 - 1e-9)) ?? 10;
  const power = factor === 10 ? exponent + 1 : exponent;
  const step = Number(`${factor === 10 ? 1 : factor}e${power}`);
  return [step, Math.max(0, -power)];
}

/** Of a logarithmic axis, where each tick has its own unit. Those without a text are `null`. */
export function logTexts(ticks: (number | null)[], { unit = '' }: NumberStyle): string[] {
  return ticks.map((tick) => (tick === null ? '' : figureText(tick, { unit })));
}
