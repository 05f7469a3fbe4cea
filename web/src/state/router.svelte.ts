/** The view that the address says. Each change is a step of the browser's history, or replaces the last. */
import { format, parse, type ViewState } from '../lib/url/state';

class Router {
  view = $state.raw<ViewState>(parse(location.pathname, location.search));
  /** Asks before a view is left with unsaved work; `true` lets go. */
  mayLeave: (() => boolean) | null = null;

  constructor() {
    addEventListener('popstate', () => {
      const next = parse(location.pathname, location.search);
      if (next.uid !== this.view.uid && this.mayLeave?.() === false) {
        history.pushState(null, '', format(this.view));
        return;
      }
      this.view = next;
    });
  }

  go(view: ViewState, { replace = false } = {}) {
    if (view.uid !== this.view.uid && this.mayLeave?.() === false) return;
    const address = format(view);
    if (address === format(this.view)) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
    if (view.uid !== this.view.uid) scrollTo(0, 0);
    this.view = view;
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
    this.go(parse(url.pathname, url.search));
  };
}

export const router = new Router();
