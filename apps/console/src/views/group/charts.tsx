/** The last 15 minutes of a group. */
import type { HistorySeries } from '@iec104mm2ss/console-api';
import { api } from '../../api/client.js';
import { Chart, type Line } from '../../ui/chart.js';
import { usePolled, waitingText } from '../../ui/polled.js';

const AGAIN_MS = 5_000;

interface Figure {
  readonly title: string;
  readonly tip: string;
  readonly lines: readonly (readonly [HistorySeries, string])[];
}

const FIGURES: readonly Figure[] = [
  {
    title: 'ASDUs/s',
    tip: 'ASDUs a second from the RTU, to all its masters, and commands',
    lines: [
      ['fromRtu', 'from RTU'],
      ['toMasters', 'to masters'],
      ['commands', 'commands'],
    ],
  },
  {
    title: 'Waiting ASDUs',
    tip: 'Events that no master has acknowledged, and what waits for the master that lags most',
    lines: [
      ['unconfirmed', 'unconfirmed'],
      ['queue', 'longest queue'],
    ],
  },
  {
    title: 'Masters',
    tip: 'Masters that are connected, and those of them with data transfer',
    lines: [
      ['mastersConnected', 'connected'],
      ['mastersStarted', 'started'],
    ],
  },
];

const LOOKS = [{ color: 'ink-1' }, { color: 'ink-2', dash: [6, 3] }, { color: 'ink-3', dash: [2, 2] }] as const;

export function Charts({ group }: { group: string }) {
  const history = usePolled(() => api.history(group), AGAIN_MS, group).value;
  const known = history.value;
  if (known === undefined || known.times.length === 0) {
    return <p class="muted">{waitingText(history) ?? 'There are no figures yet: the first come within seconds.'}</p>;
  }
  const times = known.times.map((ms) => ms / 1000);
  return (
    <div class="charts">
      {FIGURES.map(({ title, tip, lines }) => (
        <Chart
          key={title}
          title={title}
          tip={tip}
          times={times}
          lines={lines.map(([series, label], index): Line => ({
            label,
            ...(LOOKS[index] ?? LOOKS[0]),
            values: known.series[series],
          }))}
        />
      ))}
    </div>
  );
}
