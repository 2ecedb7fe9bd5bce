import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
  MappingType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { HeatmapColorOptionsBuilder, PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The Prometheus that the board's first variable names. */
export const DATA_SOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** Over what rates are taken: Grafana makes it fit what is seen. */
export const RATE = '$__rate_interval';

export const GREEN = 'green';
export const YELLOW = 'yellow';
export const RED = 'red';
export const BLUE = 'blue';

/** Colours from a value on; the first holds below all others. */
export type Colours = readonly [below: string, ...from: (readonly [value: number, colour: string])[]];

export interface Query {
  readonly expr: string;
  /** Grafana's template of labels: `{{group}}`. */
  readonly legend?: string;
}

/** What every panel says. Places are given by the board, in rows of 24 columns. */
export interface Looks {
  /** Never given to another panel: links and alerts of users name it. */
  readonly id: number;
  readonly title: string;
  /** For the person who looks: what it means, and what is normal. */
  readonly text: string;
  /** As Grafana names them: `s`, `short`, `percentunit`, `bytes`, `ops`. */
  readonly unit?: string;
  readonly decimals?: number;
  readonly colours?: Colours;
  readonly mappings?: readonly ValueMapping[];
  readonly width: number;
  readonly height: number;
  readonly queries: readonly Query[];
}

/** A panel, and how large it is. */
export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly panel: Builder<Panel>;
}

type AnyBuilder = TimeseriesBuilder | StatBuilder | TimelineBuilder | HeatmapBuilder;

function dressed<B extends AnyBuilder>(builder: B, looks: Looks, format?: PromQueryFormat, instant = false): B {
  builder.id(looks.id).title(looks.title).description(looks.text).datasource(DATA_SOURCE);
  builder.targets(looks.queries.map((query, index) => target(query, index, format, instant)));
  if (looks.unit !== undefined) builder.unit(looks.unit);
  if (looks.decimals !== undefined) builder.decimals(looks.decimals);
  if (looks.mappings !== undefined) builder.mappings([...looks.mappings]);
  if (looks.colours !== undefined) builder.thresholds(thresholds(looks.colours));
  return builder;
}

/** A query with the letter A, B, C ... */
export function target(
  { expr, legend }: Query,
  index: number,
  format?: PromQueryFormat,
  instant = false,
): Builder<Dataquery> {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .expr(expr)
    .datasource(DATA_SOURCE);
  if (legend !== undefined) query.legendFormat(legend);
  if (format !== undefined) query.format(format);
  return instant ? query.instant() : query.range();
}

export function thresholds([below, ...from]: Colours): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: below }, ...from.map(([value, color]) => ({ value, color }))];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** Words for values: `{ 0: ['down', RED], 1: ['up', GREEN] }`. */
export const words = (of: Readonly<Record<string, readonly [text: string, colour: string]>>): ValueMapping => ({
  type: MappingType.ValueToText,
  options: Object.fromEntries(
    Object.entries(of).map(([value, [text, color]], index) => [value, { text, color, index }]),
  ),
});

/** Lines over time; with `colours` a dashed line stands at each bound. */
export function lines(looks: Looks & { readonly min?: number; readonly fill?: number }): Placed {
  const panel = dressed(new TimeseriesBuilder(), looks)
    .lineWidth(1)
    .fillOpacity(looks.fill ?? 5)
    .showPoints(VisibilityMode.Never)
    .min(looks.min ?? 0)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max'])
        .sortBy('Max')
        .sortDesc(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (looks.colours !== undefined)
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return { ...looks, panel };
}

/** One large number, or one for each series with its name. */
export function figure(looks: Looks): Placed {
  const named = looks.queries.some(({ legend }) => legend !== undefined);
  const panel = dressed(new StatBuilder(), looks, undefined, true)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .textMode(named ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  return { ...looks, panel };
}

/** Further ones are on further pages. */
const ROWS_AT_ONCE = 20;

/** A bar for each series that says in which state it was when. */
export function timeline(looks: Looks): Placed {
  const panel = dressed(new TimelineBuilder(), looks)
    .mergeValues(true)
    .rowHeight(0.85)
    .showValue(VisibilityMode.Never)
    .perPage(ROWS_AT_ONCE);
  return { ...looks, panel };
}

/** Buckets of a histogram over time. */
export function heatmap(looks: Looks): Placed {
  const panel = dressed(new HeatmapBuilder(), looks, PromQueryFormat.Heatmap)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().scheme('Oranges').steps(64))
    .showLegend();
  return { ...looks, panel };
}
