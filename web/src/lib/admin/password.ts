/** Passwords that are made up here, and whether two typed ones go together. */

/** Without those that are mistaken for each other when read aloud or from paper: 0 O o 1 l I. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 56^20 is over 2^116. */
const LENGTH = 20;

/** `fill` gives random bytes, as `crypto.getRandomValues` does. */
export function madeUp(fill: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  // A byte from here on would make the first letters likelier.
  const limit = 256 - (256 % LETTERS.length);
  let password = '';
  while (password.length < LENGTH) {
    const bytes = new Uint8Array(LENGTH);
    fill(bytes);
    for (const byte of bytes) if (byte < limit && password.length < LENGTH) password += LETTERS[byte % LETTERS.length]; // prettier-ignore
  }
  return password;
}

/** What keeps the form from being sent; `''` for nothing. The server has the last word. */
export function repeatProblem(first: string, second: string): string {
  return second !== '' && first !== second ? 'The two are not the same.' : '';
}
