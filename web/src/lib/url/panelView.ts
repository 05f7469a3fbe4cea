/** What somebody chose to see of a panel, in the address: `filter.4.user_name=contains.lena`. */
import { isBegun, NO_FILTER, OPERATORS, type ColumnFilter, type Operator } from '../table/view';

export interface PanelView {
  /** By the column's name. */
  filters: Record<string, ColumnFilter>;
  /** A text in any column. */
  search: string;
  /** Columns of a table, series of a chart. */
  hidden: string[];
  /** The series that is shown alone. */
  only: string | null;
}

export const WHOLE: PanelView = { filters: {}, search: '', hidden: [], only: null };

/** Words for an address; the others speak for themselves there. */
const WORDS: Partial<Record<Operator, string>> = {
  '=': 'eq',
  '≠': 'ne',
  '>': 'gt',
  '<': 'lt',
  'not empty': 'notempty',
};

const wordOf = (operator: Operator) => WORDS[operator] ?? operator;

export function parsePanelViews(params: URLSearchParams): Record<number, PanelView> {
  const views: Record<number, PanelView> = {};
  for (const [key, value] of params) {
    const [, what, panel, column] = /^(find|hide|only|filter|value)\.(\d+)(?:\.(.+))?$/s.exec(key) ?? [];
    if (panel === undefined) continue;
    const view = (views[Number(panel)] ??= { ...WHOLE, filters: {}, hidden: [] });
    if (what === 'find') view.search = value;
    else if (what === 'hide') view.hidden.push(value);
    else if (what === 'only') view.only = value;
    else if (column !== undefined) {
      const filter = view.filters[column] ?? NO_FILTER;
      if (what === 'value') view.filters[column] = { ...filter, values: [...(filter.values ?? []), value] };
      else {
        const [, word, operand = ''] = /^([a-z]+)(?:\.(.*))?$/s.exec(value) ?? [];
        const operator = OPERATORS.find((operator) => wordOf(operator) === word);
        if (operator !== undefined) view.filters[column] = { ...filter, operator, operand };
      }
    }
  }
  return views;
}

export function writePanelViews(views: Record<number, PanelView>, params: URLSearchParams) {
  for (const [panel, { filters, search, hidden, only }] of Object.entries(views)) {
    if (search !== '') params.set(`find.${panel}`, search);
    for (const [column, { values, operator, operand }] of Object.entries(filters)) {
      for (const value of values ?? []) params.append(`value.${panel}.${column}`, value);
      if (isBegun({ values: null, operator, operand }))
        params.set(`filter.${panel}.${column}`, operand === '' ? wordOf(operator) : `${wordOf(operator)}.${operand}`); // prettier-ignore
    }
    if (only !== null) params.set(`only.${panel}`, only);
    for (const name of hidden) params.append(`hide.${panel}`, name);
  }
}
