/** The day that weeks begin with: a person's choice, else that of their language. */
import { MONDAY, type Weekday } from './calendar';

/** As Grafana writes them; `''` is the language's. */
export type WeekStart = '' | 'monday' | 'sunday' | 'saturday';

const DAYS: Record<Exclude<WeekStart, ''>, Weekday> = { monday: 1, sunday: 0, saturday: 6 };

export const WEEKDAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Of a file or a setting; what is none of them is the language's. */
export function parseWeekStart(text: unknown): WeekStart {
  return typeof text === 'string' && text in DAYS ? (text as WeekStart) : '';
}

export function weekStartOf(choice: WeekStart, language: string): Weekday {
  return choice === '' ? ofLanguage(language) : DAYS[choice];
}

/** Monday where the browser does not know. */
function ofLanguage(language: string): Weekday {
  try {
    const locale = new Intl.Locale(language) as Intl.Locale & WeekInfo;
    const day = (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay;
    // 7 is Sunday there.
    return day === undefined ? MONDAY : ((day % 7) as Weekday);
  } catch {
    return MONDAY;
  }
}

/** A method by now, once a property; Firefox has neither. */
interface WeekInfo {
  getWeekInfo?: () => { firstDay: number };
  weekInfo?: { firstDay: number };
}
