/** What a value is, so that it can be shown as that: JSON, a stack trace, or a text. */

export type Inspected =
  { kind: 'json'; value: object } | { kind: 'stack'; lines: string[] } | { kind: 'text'; text: string };

export function inspected(value: unknown, name = ''): Inspected {
  if (typeof value === 'object' && value !== null) return { kind: 'json', value };
  const text = value === null || value === undefined ? '' : String(value);
  if (/^\s*[[{]/.test(text)) {
    try {
      const parsed = JSON.parse(text) as unknown;
      if (typeof parsed === 'object' && parsed !== null) return { kind: 'json', value: parsed };
    } catch {
      // Then it is a text that begins like JSON.
    }
  }
  const isStack = /stack|trace/i.test(name) || /^\s+at |^Traceback|^\s+File "/m.test(text);
  return isStack && text.includes('\n') ? { kind: 'stack', lines: text.split('\n') } : { kind: 'text', text };
}

/** The id that all events of a request share, wherever the sender put it. */
export function requestIdOf(payload: unknown): string | null {
  const found = inspected(payload);
  if (found.kind !== 'json') return null;
  const { request } = found.value as { request?: { id?: unknown } };
  return typeof request?.id === 'string' && request.id !== '' ? request.id : null;
}
