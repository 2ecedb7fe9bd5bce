import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

export interface BoardQuery {
  /** Which board and what of it, for messages. */
  readonly where: string;
  /** Of the panel; undefined: a variable or an annotation. */
  readonly panel: number | undefined;
  readonly legend: string | undefined;
  readonly expr: string;
}

/** What Grafana puts in the place of its variables. */
export interface Chosen {
  readonly job: string;
  readonly group?: string;
  /** For `$__rate_interval` and `$__range`: at least four times between two scrapes. */
  readonly interval: string;
}

interface Target {
  readonly expr?: string;
  readonly legendFormat?: string;
}

/** Every query that a board asks Prometheus, as it is written there. */
export function queriesOf({ title = '', panels = [], annotations, templating }: Dashboard): BoardQuery[] {
  const ofPanels = panels.flatMap((panel) => {
    const targets = 'targets' in panel ? ((panel.targets ?? []) as Target[]) : [];
    return targets.map(({ expr = '', legendFormat }) => ({
      where: `${title}: ${panel.title ?? ''}`,
      panel: panel.id,
      legend: legendFormat,
      expr,
    }));
  });
  const ofAnnotations = (annotations?.list ?? []).map(({ name, expr = '' }) => ({ where: `${title}: ${name}`, expr }));
  const ofVariables = (templating?.list ?? []).flatMap(({ name, definition }) => {
    const inner = /^(?:query_result\((.*)\)|label_values\((.*), \w+\))$/s.exec(definition ?? '');
    return inner === null ? [] : [{ where: `${title}: ${name}`, expr: inner[1] ?? inner[2] ?? '' }];
  });
  const others = [...ofAnnotations, ...ofVariables];
  return [...ofPanels, ...others.map((each) => ({ ...each, panel: undefined, legend: undefined }))];
}

/** A query as Prometheus gets it. */
export function asked(expr: string, { job, group = '', interval }: Chosen): string {
  return expr
    .replaceAll('$__rate_interval', interval)
    .replaceAll('$__range', interval)
    .replaceAll('$job', job)
    .replaceAll('$group', group);
}
