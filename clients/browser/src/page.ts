/** Small things of a page that several parts use. */

/** Listens until the function is called that it gives. */
export function listen<E extends Event>(
  target: EventTarget,
  kind: string,
  listener: (event: E) => void,
): () => void {
  // In the capture phase: a page may stop an event on its way.
  target.addEventListener(kind, listener as EventListener, true);
  return () => target.removeEventListener(kind, listener as EventListener, true);
}

/** A time as events have it. */
export const toIso = (t: number) => new Date(t).toISOString();

/** A name that nobody else has. */
export const randomName = () => Math.random().toString(36).slice(2);

/** Text that all tabs see; of this page alone where a browser has no storage. */
export function createShared(name: string) {
  let own: string | null = null;
  return {
    get(): string | null {
      try {
        return localStorage.getItem(name);
      } catch {
        return own;
      }
    },
    set(text: string): void {
      own = text;
      try {
        localStorage.setItem(name, text);
      } catch {
        // Full or forbidden.
      }
    },
  };
}
