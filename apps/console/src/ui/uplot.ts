/** uPlot and its style, in a file of their own. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps } from './chart.js';

const WINDOW_SECONDS = 900;

/** A canvas knows no custom properties: an element with the class says which colour that is now. */
function colorOf(place: Element, name: string): string {
  const probe = document.createElement('i');
  probe.className = name;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function makePlot(place: HTMLElement, { times, lines }: ChartProps, height: number): uPlot {
  const muted = colorOf(place, 'ink-muted');
  const line = colorOf(place, 'ink-line');
  const font = `11px ${getComputedStyle(place).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: muted,
    font,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    size: 40,
  };
  return new uPlot(
    {
      width: place.clientWidth,
      height,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 5 } },
      // Right of the last time there is half of its text.
      padding: [8, 20, 0, 0],
      // The time is that of the window, however little is known of it yet.
      scales: {
        x: { range: (_plot, _first, last) => [last - WINDOW_SECONDS, last] },
        y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
      },
      axes: [{ ...axis, size: 24, values: '{HH}:{mm}', space: 70 }, axis],
      series: [
        {},
        ...lines.map(({ color, dash }): uPlot.Series => ({
          stroke: colorOf(place, color),
          width: 1.5,
          points: { show: false },
          ...(dash === undefined ? {} : { dash: [...dash] }),
        })),
      ],
    },
    [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData,
    place,
  );
}
