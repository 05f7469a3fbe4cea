/** What the browser keeps between visits. */

export function stored<T>(key: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(`annoscope.${key}`);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function store(key: string, value: unknown) {
  try {
    localStorage.setItem(`annoscope.${key}`, JSON.stringify(value));
  } catch {
    // Private windows have no storage; then it lasts as long as the page.
  }
}
