/** What is wrong with a form, by its fields. */
import { ApiFailure } from '../api/client';

export interface Problems {
  /** By the field's name in the API. */
  fields: Record<string, string>;
  /** What concerns no field of the form. */
  rest: string;
}

export const NO_PROBLEMS: Problems = { fields: {}, rest: '' };

/** Shares a failure among the fields of a form; what no field can show is the rest. */
export function problemsOf(error: unknown, fieldNames: readonly string[]): Problems {
  if (!(error instanceof ApiFailure)) {
    return { fields: {}, rest: error instanceof Error ? error.message : String(error) };
  }
  if (error.status !== 400 || typeof error.body.detail === 'string') {
    return { fields: {}, rest: sentence(error.message) };
  }
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const [name, said] of Object.entries(error.body)) {
    const text = [said].flat().map(String).map(sentence).join(' ');
    if (fieldNames.includes(name)) fields[name] = text;
    else rest.push(name === 'non_field_errors' ? text : `${name}: ${text}`);
  }
  // A list instead of an object has nothing but its sentence.
  if (Object.keys(error.body).length === 0) rest.push(error.message);
  return { fields, rest: rest.join(' ') };
}

/** The server's errors begin small and end open, so that logs can put them together. */
function sentence(text: string): string {
  if (text === '') return text;
  return text[0]!.toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
