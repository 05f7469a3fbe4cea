/** The view that the address says. Each change is a step of the browser's history, or replaces the last. */
import { speakFor } from '../lib/api/client';
import { format, parse, type ViewState } from '../lib/url/state';

class Router {
  view = $state.raw<ViewState>(this.#spoken(parse(location.pathname, location.search)));
  /** Asks before a view is left with unsaved work; `true` lets go. */
  mayLeave: (() => boolean) | null = null;

  constructor() {
    addEventListener('popstate', () => {
      const next = parse(location.pathname, location.search);
      if (isElsewhere(next, this.view) && this.mayLeave?.() === false) {
        history.pushState(null, '', format(this.view));
        return;
      }
      this.view = this.#spoken(next);
    });
  }

  go(view: ViewState, { replace = false } = {}) {
    if (isElsewhere(view, this.view) && this.mayLeave?.() === false) return;
    const address = format(view);
    if (address === format(this.view)) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
    if (view.uid !== this.view.uid || view.admin?.place !== this.view.admin?.place) scrollTo(0, 0);
    this.view = this.#spoken(view);
  }

  change(change: Partial<ViewState>, options?: { replace?: boolean }) {
    this.go({ ...this.view, ...change }, options);
  }

  /** For links: a plain click stays in the page, any other is the browser's. */
  follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest?.('a');
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.target === '_blank' || link.hasAttribute('download')) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith('/analytics/')) return;
    event.preventDefault();
    const view = parse(url.pathname, url.search);
    // Links of dashboards do not know the organization.
    this.go(url.searchParams.has('org') ? view : { ...view, org: this.view.org });
  };

  /** Before anything is drawn that asks. */
  #spoken(view: ViewState): ViewState {
    speakFor(view.org);
    return view;
  }
}

/** Whether what is not saved would be lost. */
function isElsewhere(next: ViewState, now: ViewState): boolean {
  return (
    next.uid !== now.uid ||
    next.org !== now.org ||
    (next.explore === null) !== (now.explore === null) ||
    next.admin?.place !== now.admin?.place ||
    next.admin?.open !== now.admin?.open
  );
}

export const router = new Router();
