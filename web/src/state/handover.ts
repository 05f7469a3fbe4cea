/** A panel on its way from the page where it was made to the dashboard that gets it. */
import type { GrafanaPanel } from '../lib/model/grafana';

export type MadePanel = Partial<GrafanaPanel> & { sql: string };

let made: { uid: string; panel: MadePanel } | null = null;

export function handOver(uid: string, panel: MadePanel) {
  made = { uid, panel };
}

/** Once, by the dashboard that it is for. */
export function takenPanel(uid: string): MadePanel | null {
  const panel = made?.uid === uid ? made.panel : null;
  made = null;
  return panel;
}
