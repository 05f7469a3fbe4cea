/** What a panel's menu does beyond the panel; what is not there is not offered. */
import type { Panel } from '../lib/model/dashboard';
import type { EventRows } from '../state/eventRows.svelte';
import type { PanelData } from '../state/panelData.svelte';

/** What a panel shows, and of a list of events what lies behind it. */
export interface PanelContent {
  panel: Panel;
  data: PanelData;
  events: EventRows | null;
}

export interface PanelActions {
  view?: (panel: Panel) => void;
  edit?: (panel: Panel) => void;
  inspect?: (content: PanelContent) => void;
  download?: (content: PanelContent) => void;
  duplicate?: (panel: Panel) => void;
  remove?: (panel: Panel) => void;
  isChanged: (panel: Panel) => boolean;
}
