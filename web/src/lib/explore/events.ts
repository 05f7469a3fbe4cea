/** Questions that a form asks: all events of a person, a job, a task or a request, in the order of time. */

export const SUBJECTS = { user_id: 'User', job_id: 'Job', task_id: 'Task', request_id: 'Request' } as const;
export type Subject = keyof typeof SUBJECTS;

/** `null` if this cannot be such an id: those of requests are texts, the others whole numbers. */
export function eventsSql(subject: Subject, id: string): string | null {
  const text = id.trim().replace(/^#/, '');
  if (text === '' || (subject !== 'request_id' && !/^\d{1,19}$/.test(text))) return null;
  const value = subject === 'request_id' ? `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : text;
  return `SELECT timestamp, scope, user_id, user_name, project_id, task_id, job_id, duration, obj_name, obj_val, payload
FROM events
WHERE $__timeFilter_ms(timestamp) AND ${subject} = ${value}
ORDER BY timestamp`;
}
