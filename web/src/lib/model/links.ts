/** Links of a dashboard's file: to pages, and to the other dashboards of some tags. */
import type { GrafanaLink } from './grafana';
import type { QueryValue } from './variable';

interface Common {
  title: string;
  tooltip: string;
  isNewTab: boolean;
  keepsTime: boolean;
  keepsFilters: boolean;
}

export type DashboardLink = Common &
  ({ kind: 'page'; url: string } | { kind: 'dashboards'; tags: string[]; isDropdown: boolean });

/** What an address may be made of. */
export interface LinkContext {
  /** As chosen: `now-7d`. */
  from: string;
  to: string;
  /** In milliseconds. */
  range: { from: number; to: number };
  /** As they stand in the page's own address, by name. */
  choices: Record<string, string[]>;
  /** What queries get, by name. */
  values: Record<string, QueryValue>;
}

/** A link as it is shown. */
export interface ShownLink {
  title: string;
  tooltip: string;
  href: string;
  isNewTab: boolean;
}

/** `null` for what cannot be followed: a file may come from anywhere, so no address that runs something. */
export function parseLink(source: GrafanaLink): DashboardLink | null {
  const { type, url = '', tags = [] } = source;
  const common = {
    title: source.title || (type === 'dashboards' ? tags.join(', ') || 'Dashboards' : url),
    tooltip: source.tooltip ?? '',
    isNewTab: source.targetBlank === true,
    keepsTime: source.keepTime === true,
    keepsFilters: source.includeVars === true,
  };
  if (type === 'dashboards') return { ...common, kind: 'dashboards', tags, isDropdown: source.asDropdown === true };
  return type === 'link' && isSafe(url) ? { ...common, kind: 'page', url } : null;
} // prettier-ignore

/** Whether an address leads somewhere and runs nothing. */
export function isSafe(url: string): boolean {
  return url !== '' && !/^\s*(?!https?:|mailto:)[a-z][a-z\d+.-]*:/i.test(url);
}

/** The links of a panel's file, which stand beside its title. */
export function panelLinks(links: unknown, context: LinkContext): ShownLink[] {
  return (Array.isArray(links) ? (links as GrafanaLink[]) : []).flatMap((source) => {
    // Those of a panel have no type: they lead to pages.
    const link = parseLink({ ...source, type: 'link' });
    return link?.kind === 'page' ? shownLink(link, context) : [];
  });
}

/** Where a link to a page leads, its title and what it says, as Grafana fills them in. */
export function shownLink(link: DashboardLink & { kind: 'page' }, context: LinkContext): ShownLink {
  const title = filledIn(link.title, context, (text) => text);
  return {
    title,
    tooltip: filledIn(link.tooltip, context, (text) => text) || title,
    href: address(link, filledIn(link.url, context, encodeURIComponent), context),
    isNewTab: link.isNewTab,
  };
}

/** Those of all dashboards that a link means: who have all of its tags, but for the one in sight. */
export function linkedDashboards(
  link: DashboardLink & { kind: 'dashboards' },
  all: readonly { uid: string; title: string; description: string; tags: string[] }[],
  uid: string,
  context: LinkContext,
): ShownLink[] {
  return all
    .filter((other) => other.uid !== uid && link.tags.every((tag) => other.tags.includes(tag)))
    .map((other) => ({
      title: other.title,
      tooltip: link.tooltip || other.description || other.title,
      href: address(link, `/d/${encodeURIComponent(other.uid)}`, context),
      isNewTab: link.isNewTab,
    }));
}

/** With the range and the filters, where the file says so. */
function address({ keepsTime, keepsFilters }: DashboardLink, url: string, context: LinkContext): string {
  const query = new URLSearchParams();
  if (keepsTime) {
    query.set('from', context.from);
    query.set('to', context.to);
  }
  if (keepsFilters) addChoices(query, context.choices);
  const [, path = '', search = '', hash = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(onThisSite(url))!;
  const added = query.size === 0 ? '' : `${/[^?&]$/.test(search) ? '&' : search === '' ? '?' : ''}${query}`;
  return path + search + added + hash;
}

/** What is at `/` in Grafana is at `/analytics/` here. */
export function onThisSite(url: string): string {
  const dashboard = /^\/?(?:grafana\/)?(d\/[^/?#]+)(?:\/[^?#]*)?(.*)$/s.exec(url);
  if (dashboard) return `/analytics/${dashboard[1]}${dashboard[2]}`;
  return /^\/(dashboards)?$/.test(url) ? '/analytics/' : url;
}

function addChoices(query: URLSearchParams, choices: Record<string, string[]>) {
  for (const [name, values] of Object.entries(choices))
    for (const value of values.length === 0 ? [''] : values) query.append(`var-${name}`, value);
}

/** Variables and the range in a text, as links of Grafana have them. */
export function filledIn(text: string, { range, from, to, choices, values }: LinkContext, encoded: (text: string) => string) {
  const [whole, filters] = [new URLSearchParams({ from, to }), new URLSearchParams()];
  addChoices(filters, choices);
  const own: Record<string, string> = {
    __from: String(range.from),
    __to: String(range.to),
    __url_time_range: String(whole),
    __all_variables: String(filters),
  };
  return text.replace(/\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]/g, (written, plain, braced, format, old) => {
    const name = (plain ?? braced ?? old) as string;
    if (own[name] !== undefined) return own[name];
    const value = values[name];
    if (value === undefined) return written;
    if (format === 'queryparam') {
      const query = new URLSearchParams();
      addChoices(query, { [name]: choices[name] ?? [] });
      return String(query);
    }
    if (typeof value === 'object' && !Array.isArray(value)) return encoded(value.all);
    if (typeof value === 'string') return encoded(value);
    // Grafana's glob.
    return encoded(value.length === 1 ? value[0]! : `{${value.join(',')}}`);
  });
} // prettier-ignore
