/** A chart of the last minutes. uPlot is loaded when the first one is shown. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { isDark } from '../state/theme.js';
import { rate } from './words.js';

export interface Line {
  readonly label: string;
  /** A custom property of styles/tokens.css. */
  readonly color: string;
  readonly dash?: readonly number[];
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  readonly tip: string;
  /** Seconds since 1970, one for each value of a line. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

const HEIGHT = 150;
const load = (): Promise<typeof import('./uplot.js')> => import('./uplot.js');

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const failed = useSignal(false);
  const dark = isDark();
  const labels = props.lines.map(({ label }) => label).join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let gone = false;
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    load().then(
      ({ makePlot }) => {
        if (gone) return;
        plot.current = makePlot(element, props, HEIGHT);
        resized.observe(element);
      },
      // The console is of another release by now, which has other files.
      () => (failed.value = true),
    );
    return () => {
      gone = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [dark, labels]);
  useEffect(() =>
    plot.current?.setData([props.times, ...props.lines.map(({ values }) => values)] as uPlot.AlignedData),
  );
  return (
    <figure class="chart">
      <figcaption data-tip={props.tip}>
        <b>{props.title}</b>
        {props.lines.map((line) => (
          <span key={line.label} class="key">
            <svg viewBox="0 0 18 6" width="18" height="6" aria-hidden="true">
              <line class={line.color} x2="18" y1="3" y2="3" stroke-dasharray={line.dash?.join(' ')} />
            </svg>
            {line.label} <b>{rate(line.values.at(-1))}</b>
          </span>
        ))}
      </figcaption>
      {failed.value && <p class="problem warn">The chart cannot be loaded: load the page anew.</p>}
      <div ref={place} role="img" aria-label={inWords(props)} class="plot" />
    </figure>
  );
}

/** What a screen reader says instead of the picture. */
function inWords({ title, lines }: ChartProps): string {
  const each = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0
      ? `${label}: nothing known`
      : `${label}: now ${rate(values.at(-1))}, at most ${rate(Math.max(...known))}`;
  });
  return `${title}, last 15 minutes. ${each.join('. ')}`;
}
