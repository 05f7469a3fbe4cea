/** Titles and texts with what is chosen filled in for `$variables`. */
const REFERENCE = /\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]/g;

/** What is not known stays as it is written. */
export function withTexts(text: string, textOf: (name: string) => string | null): string {
  if (!/[$[]/.test(text)) return text;
  return text.replace(REFERENCE, (written, plain, braced, old) => textOf((plain ?? braced ?? old) as string) ?? written); // prettier-ignore
}
