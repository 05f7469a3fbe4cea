/** Numbers with Grafana's units as text: the figure and its unit apart, so that a header can bear it. */

export interface Figure {
  text: string;
  unit: string;
}

interface Scale {
  base: number;
  unit: string;
}

const SECONDS: Scale[] = [
  { base: 1e-3, unit: 'ms' },
  { base: 1, unit: 's' },
  { base: 60, unit: 'min' },
  { base: 3_600, unit: 'h' },
  { base: 86_400, unit: 'd' },
];
const BYTES = scales(1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
const DECIMAL_BYTES = scales(1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
const SHORT = scales(1000, ['', 'k', 'M', 'G', 'T']);

/** Units of time in seconds. */
const TIMES: Record<string, number> = { µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3_600, d: 86_400 };

const FIXED: Record<string, string> = {
  percent: '%',
  hertz: 'Hz',
  celsius: '°C',
  pixel: 'px',
  reqps: 'req/s',
  ops: 'ops/s',
  cps: '/s',
  rowsps: 'rows/s',
};

export interface NumberStyle {
  unit?: string;
  decimals?: number | null;
}

export function figure(value: number, { unit = '', decimals = null }: NumberStyle): Figure {
  if (!Number.isFinite(value)) return { text: Number.isNaN(value) ? '–' : value < 0 ? '−∞' : '∞', unit: '' };
  const fixed = fixedUnit(unit);
  if (fixed !== null)
    return { text: numberText(value * (unit === 'percentunit' ? 100 : 1), decimals), unit: fixed };
  const [scaled, list] = scaleOf(unit, value);
  if (list === null) return { text: numberText(value, decimals), unit: '' };
  const scale = [...list].reverse().find(({ base }) => Math.abs(scaled) >= base) ?? list[0]!;
  const small = scaled === 0 ? (list.find(({ base }) => base === 1) ?? scale) : scale;
  return {
    text: numberText(scaled / small.base, decimals ?? autoDecimals(scaled / small.base, 1)),
    unit: small.unit,
  };
}

/** How much of a value makes one of the unit that it is shown in: of milliseconds, 60,000 are one minute. */
export function unitAt(value: number, unit = ''): { size: number; unit: string } {
  const fixed = fixedUnit(unit);
  if (fixed !== null) return { size: unit === 'percentunit' ? 0.01 : 1, unit: fixed };
  const [scaled, list] = scaleOf(unit, value);
  if (list === null) return { size: 1, unit: '' };
  const scale = list.findLast(({ base }) => Math.abs(scaled) >= base) ?? list[0]!;
  return { size: scale.base / scaleOf(unit, 1)[0], unit: scale.unit };
}

/** In one line. */
export function figureText(value: number, style: NumberStyle): string {
  const { text, unit } = figure(value, style);
  return withUnit(text, unit);
}

export function withUnit(text: string, unit: string): string {
  return unit === '' ? text : unit === '%' ? `${text}%` : `${text} ${unit}`;
}

/** The unit, if it is the same whatever the value is: then a table's header says it once. */
export function fixedUnit(unit: string): string | null {
  if (unit === 'percentunit') return '%';
  if (unit.startsWith('suffix:')) return unit.slice(7).trim();
  return FIXED[unit] ?? null;
}

/** Whether figures of a unit bear it, or need none. Times are written in one form, as exactly as the file says. */
export function isKnownUnit(unit: string): boolean {
  if (/^(time:|dateTime)/.test(unit)) return true;
  return ['', 'none', 'locale', 'string'].includes(unit) || fixedUnit(unit) !== null || scaleOf(unit, 1)[1] !== null; // prettier-ignore
}

/** `1,204`, `0.35`: with at most as many decimals as are worth reading. */
export function numberText(value: number, decimals: number | null = null): string {
  const digits = Math.min(Math.max(decimals ?? autoDecimals(value, 2), 0), 20);
  return formatter(digits).format(Object.is(value, -0) ? 0 : value);
}

/** Decimals that a whole column shares, so that its points stand below each other. */
export function columnDecimals(values: unknown[]): number {
  const numbers = values.filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
  );
  if (numbers.every(Number.isInteger)) return 0;
  const most = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return most >= 1000 ? 0 : most >= 100 ? 1 : most >= 1 ? 2 : 4;
}

function autoDecimals(value: number, most: number): number {
  if (Number.isInteger(value)) return 0;
  const size = Math.abs(value);
  return size >= 1000
    ? 0
    : size >= 10
      ? Math.min(1, most)
      : size >= 1
        ? most
        : Math.min(most - Math.floor(Math.log10(size)) - 1, 6);
}

const formatters = new Map<number, Intl.NumberFormat>();

/** Kept, since making one costs more than a thousand uses. */
function formatter(digits: number): Intl.NumberFormat {
  let found = formatters.get(digits);
  if (!found) {
    found = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formatters.set(digits, found);
  }
  return found;
}

function scaleOf(unit: string, value: number): [number, Scale[] | null] {
  if (unit in TIMES) return [value * TIMES[unit]!, SECONDS];
  if (unit === 'dthms' || unit === 'dtdurations') return [value, SECONDS];
  if (unit === 'dtdurationms') return [value / 1000, SECONDS];
  if (unit === 'bytes') return [value, BYTES];
  if (unit === 'decbytes') return [value, DECIMAL_BYTES];
  return unit === 'short' ? [value, SHORT] : [value, null];
}

function scales(factor: number, units: string[]): Scale[] {
  return units.map((unit, power) => ({ base: factor ** power, unit }));
}
