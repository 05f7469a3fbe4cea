/** Errors as `send:exception` has them, and what the page runs on. */
import type { PayloadOf } from './event.ts';
import { listen } from './page.ts';

/** The browser in the user agent's text: Edge (Edg) and Opera (OPR) call themselves Chrome and Safari, too. */
const BROWSER = /(Edg|OPR|(?:Firefox|Chrome|Safari)(?!.*(?:Edg|OPR)))\/([\d.]+)/;

/** Name and version of the browser and the system, as `load:cvat` has them in `platform`. */
export function platform() {
  const agent = navigator.userAgent;
  const [, name = '', version = ''] = BROWSER.exec(agent) ?? [];
  return { name, version, os: /\(([^)]*)/.exec(agent)?.[1] ?? '' };
}

/** The payload for anything that was thrown. */
export function describe(thrown: unknown, at?: Partial<ErrorEvent>): PayloadOf<'send:exception'> {
  const error = thrown instanceof Error ? thrown : undefined;
  const stack = error?.stack ?? '';
  // Chromium: "at f (https://host/app.js:10:15)"; Firefox: "f@https://host/app.js:10:15".
  const [, file, line, column] = /([^\s(@]+):(\d+):(\d+)/.exec(stack) ?? [];
  const { name, version, os } = platform();
  return {
    message: error?.message ?? at?.message ?? String(thrown),
    filename: at?.filename || file || location.href,
    line: at?.lineno ?? Number(line ?? 0),
    column: at?.colno ?? Number(column ?? 0),
    stack,
    system: os,
    client: name,
    version,
  };
}

/** Reports what nobody caught; gives a function that ends it. */
export function watchUncaught(report: (payload: PayloadOf<'send:exception'>) => void): () => void {
  const ends = [
    // A picture that does not load is an event of this kind, too, without an error.
    listen(window, 'error', (event: ErrorEvent) => event.message && report(describe(event.error, event))),
    listen(window, 'unhandledrejection', (event: PromiseRejectionEvent) => report(describe(event.reason))),
  ];
  return () => ends.forEach((end) => end());
}
