import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { type Colours, DATA_SOURCE, type Looks, type Placed, target, thresholds } from './panel.js';

/** One column: what a query says of each row. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly colours?: Colours;
  readonly mappings?: Looks['mappings'];
  readonly width?: number;
  readonly hidden?: boolean;
}

export interface TableLooks extends Omit<Looks, 'queries'> {
  /** Labels that say which row it is, with the titles of their columns. */
  readonly keys: Readonly<Record<string, string>>;
  readonly columns: readonly Column[];
  /** Title of the column with the worst first. */
  readonly worstFirst: string;
  /** Where a click on a key goes, with `${__data.fields...}` in it. */
  readonly link?: { readonly key: string; readonly title: string; readonly url: string };
}

/** A row for each group, or whatever the keys say: a query for each column, joined by the keys. */
export function table(looks: TableLooks): Placed {
  const letters = looks.columns.map((_, index) => String.fromCharCode(65 + index));
  const valueName = (letter: string): string => (letters.length === 1 ? 'Value' : `Value #${letter}`);
  const titles = Object.fromEntries(looks.columns.map(({ title }, index) => [valueName(letters[index] ?? ''), title]));
  const names = { ...looks.keys, ...titles };
  const order = Object.fromEntries(Object.keys(names).map((name, index) => [name, index]));
  const panel = new PanelBuilder()
    .id(looks.id)
    .title(looks.title)
    .description(looks.text)
    .datasource(DATA_SOURCE)
    .targets(looks.columns.map(({ expr }, index) => target({ expr }, index, PromQueryFormat.Table, true)))
    .transformations([
      { id: 'merge', options: {} },
      { id: 'organize', options: { excludeByName: { Time: true }, indexByName: order, renameByName: names } },
    ])
    .sortBy([new TableSortByFieldStateBuilder().displayName(looks.worstFirst).desc(true)])
    .filterable(true);
  for (const column of looks.columns) panel.overrideByName(column.title, properties(column));
  if (looks.link !== undefined) {
    const { key, title, url } = looks.link;
    panel.overrideByName(looks.keys[key] ?? key, [{ id: 'links', value: [{ title, url }] }]);
  }
  return { ...looks, panel };
}

function properties({ unit, decimals, colours, mappings, width, hidden }: Column): DynamicConfigValue[] {
  const coloured = colours !== undefined || mappings !== undefined;
  const all: [id: string, value: unknown][] = [
    ['unit', unit],
    ['decimals', decimals],
    ['mappings', mappings],
    ['thresholds', colours && thresholds(colours).build()],
    ['custom.cellOptions', coloured ? { type: 'color-background', mode: 'basic' } : undefined],
    ['custom.width', width],
    ['custom.hidden', hidden],
  ];
  return all.filter(([, value]) => value !== undefined).map(([id, value]) => ({ id, value }));
}
