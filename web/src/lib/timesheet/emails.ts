/** Whom to pay: e-mail addresses are asked for when a workbook is wanted, and keep no panel waiting. */
import { plainText, type Frame } from '../data/frame';

/** The latest of each person in the range. */
export const EMAILS_SQL = `SELECT user_id, argMax(user_email, timestamp) AS email
FROM events
WHERE $__timeFilter_ms(timestamp) AND user_id IS NOT NULL AND user_email != ''
GROUP BY user_id`;

/** By the person's id. */
export function emailsOf({ rows }: Frame): Map<string, string> {
  return new Map(rows.map(([id, email]) => [plainText(id), plainText(email)]));
}
