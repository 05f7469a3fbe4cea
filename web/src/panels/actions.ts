/** What a panel's menu does beyond the panel; what is not there is not offered. */
import type { Panel } from '../lib/model/dashboard';
import type { PanelData } from '../state/panelData.svelte';

export interface PanelActions {
  view?: (panel: Panel) => void;
  edit?: (panel: Panel) => void;
  inspect?: (panel: Panel, data: PanelData) => void;
  download?: (panel: Panel, data: PanelData) => void;
  duplicate?: (panel: Panel) => void;
  remove?: (panel: Panel) => void;
  isChanged: (panel: Panel) => boolean;
}
