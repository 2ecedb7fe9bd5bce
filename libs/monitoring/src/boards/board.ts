import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATA_SOURCE, type Placed } from './panel.js';

/** Columns of Grafana's grid. */
const COLUMNS = 24;

/** A line across the board with a title, and the panels below it. */
export interface Section {
  readonly id: number;
  readonly title: string;
  readonly panels: readonly Placed[];
}

export interface Annotation {
  readonly name: string;
  readonly expr: string;
  readonly text: string;
  readonly colour: string;
}

/** A list to choose from; `regex` says which part of an answer is the text and which the value. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  readonly regex?: string;
}

export interface BoardPlan {
  readonly uid: string;
  readonly title: string;
  readonly text: string;
  readonly variables: readonly Variable[];
  readonly annotations: readonly Annotation[];
  readonly sections: readonly Section[];
}

/** All boards of the product have it, and link to each other by it. */
const TAG = 'mm2ss';

/** The board as Grafana loads it. Panels stand from left to right, and begin a new line when one is full. */
export function board(plan: BoardPlan): Dashboard {
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid)
    .description(plan.text)
    .tags([TAG])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Boards of mm2ss')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    );
  for (const { name, label, query, regex = '' } of plan.variables) {
    builder.withVariable(
      new QueryVariableBuilder(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query({ query, refId: name })
        .definition(query)
        .regex(regex)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.NumericalAsc),
    );
  }
  for (const { name, expr, text, colour } of plan.annotations) {
    builder.annotation(
      new AnnotationQueryBuilder()
        .name(name)
        .datasource(DATA_SOURCE)
        .enable(true)
        .iconColor(colour)
        .expr(expr)
        .step('30s')
        .titleFormat(name)
        .textFormat(text),
    );
  }
  let y = 0;
  for (const { id, title, panels } of plan.sections) {
    builder.withRow(new RowBuilder(title).id(id).gridPos({ x: 0, y, w: COLUMNS, h: 1 }));
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { panel, width, height } of panels) {
      if (x + width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      builder.withPanel(at(panel, { x, y, w: width, h: height }));
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
  }
  return builder.build();
}

type Grid = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

/** The same panel with its place said. */
function at(panel: Placed['panel'], gridPos: Grid): Placed['panel'] {
  return { build: () => ({ ...panel.build(), gridPos }) };
}
