/**
 * The dashboard of the first view is asked for while it is found out who asks: one trip to the server
 * less before its first panel.
 */
import { dashboards, type DashboardFile } from '../lib/api/client';
import { router } from './router.svelte';

let ahead: { uid: string; org: string | null; answer: Promise<DashboardFile | null> } | null = null;

/** Once, as the page begins. */
export function askAhead() {
  const { uid, org } = router.view;
  if (uid === null || uid.startsWith('~')) return;
  // Who is not let in asks again after the login.
  ahead = { uid, org, answer: dashboards.read(uid).catch(() => null) };
}

/** What was asked ahead is good for one look. */
export async function readDashboard(uid: string): Promise<DashboardFile> {
  const asked = ahead?.uid === uid && ahead.org === router.view.org ? ahead.answer : null;
  ahead = null;
  return (await asked) ?? dashboards.read(uid);
}
