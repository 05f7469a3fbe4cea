/** Time zones: their names, their offsets, and the list to choose from. */

/** The zone in which times are shown and days begin: `browser`, `utc`, or a name of the IANA database. */
export type Zone = string;

/**
 * Names that browsers still use, and those that the IANA database has had for years. Both are known to the
 * server; people look for the second.
 */
const RENAMED: Record<string, string> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

const MINUTE_MS = 60_000;

/** The browser's zone by its name in the IANA database. */
export function localZone(): string {
  return today(Intl.DateTimeFormat().resolvedOptions().timeZone);
}

const today = (name: string) => RENAMED[name] ?? name;

/** As the server takes it. */
export function zoneName(zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  return zone === 'browser' ? localZone() : zone;
}

/** A zone as somebody wrote it, in an address or a file; `null` if there is none of that name. */
export function knownZone(text: string): Zone | null {
  if (text === '' || text.toLowerCase() === 'browser') return 'browser';
  if (/^(etc\/)?utc$/i.test(text)) return 'utc';
  // Browsers also take `+05:30`, which is no zone.
  if (!/^[a-z]/i.test(text)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    return timeZone === 'UTC' ? 'utc' : today(timeZone);
  } catch {
    return null;
  }
}

/** Short, beside a range: `Berlin`, `UTC`. */
export function zoneText(zone: Zone): string {
  return zoneName(zone).split('/').pop()!.replaceAll('_', ' ');
}

/** `UTC+05:30`: how far a zone is from UTC at an instant. */
export function offsetText(zone: Zone, instant: number): string {
  const minutes = Math.round(offsetAt(zoneName(zone), instant) / MINUTE_MS);
  const two = (n: number) => String(n).padStart(2, '0');
  const away = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}`;
}

export interface ZoneChoice {
  name: string;
  /** In words: `India Standard Time`. */
  about: string;
  offset: string;
}

let known: { name: string; about: string }[] | null = null;

/** Every zone that the browser knows, by name, with its offset at an instant. The first time it takes some 50 ms. */
export function allZones(instant: number): ZoneChoice[] {
  known ??= [...new Set(Intl.supportedValuesOf('timeZone').map(today))]
    .sort()
    .map((name) => ({ name, about: nameIn(name, instant) }));
  return known.map((zone) => ({ ...zone, offset: offsetText(zone.name, instant) }));
}

function nameIn(zone: string, instant: number): string {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longGeneric' });
  return format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** Zones whose name, words or offset have every word of what was typed; those that have it as whole words first. */
export function foundZones(zones: readonly ZoneChoice[], typed: string): ZoneChoice[] {
  const words = plain(typed).split(/\s+/).filter((word) => word !== ''); // prettier-ignore
  if (words.length === 0) return [...zones];
  const textOf = ({ name, about, offset }: ZoneChoice) => plain(`${name} ${about} ${offset}`);
  const found = zones.filter((zone) => words.every((word) => textOf(zone).includes(word)));
  const isWhole = (zone: ZoneChoice) =>
    words.every((word) =>
      textOf(zone)
        .split(/[\s/]+/)
        .includes(word),
    );
  return found.sort((a, b) => Number(isWhole(b)) - Number(isWhole(a)));
}

const plain = (text: string) => text.toLowerCase().replaceAll('_', ' ').replaceAll('−', '-');

/** Offsets change at whole quarters of an hour, ms. */
const QUARTER_MS = 900_000;
/** Some hours of ticks and a table of 20,000 rows find room; more is forgotten. */
const MOST_KEPT = 50_000;

interface Clock {
  format: Intl.DateTimeFormat;
  /** By quarter of an hour since the epoch, ms. */
  offsets: Map<number, number>;
}

const clocks = new Map<string, Clock>();

/** What the clocks of a zone show more than those of UTC, ms. The zone is one of the IANA database. */
export function offsetAt(name: string, instant: number): number {
  let clock = clocks.get(name);
  if (clock === undefined) {
    clock = { format: clockFormat(name), offsets: new Map() };
    clocks.set(name, clock);
  }
  const quarter = Math.floor(instant / QUARTER_MS);
  let offset = clock.offsets.get(quarter);
  if (offset === undefined) {
    if (clock.offsets.size >= MOST_KEPT) clock.offsets.clear();
    offset = measured(clock.format, quarter * QUARTER_MS);
    clock.offsets.set(quarter, offset);
  }
  return offset;
}

function clockFormat(timeZone: string): Intl.DateTimeFormat {
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const; // prettier-ignore
  return new Intl.DateTimeFormat('en', { timeZone, calendar: 'gregory', hourCycle: 'h23', era: 'short', ...numeric }); // prettier-ignore
}

function measured(format: Intl.DateTimeFormat, instant: number): number {
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const year = parts.era?.startsWith('B') ? 1 - Number(parts.year) : Number(parts.year);
  const shown = new Date(0);
  shown.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
  shown.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  return shown.getTime() - instant;
}
