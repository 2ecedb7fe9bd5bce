import type { SimulatedRtu } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import type { SimulatorApi } from './simulator-api.js';
import { messageOf } from '../ui/words.js';

const RUN_POLL_MS = 500;

interface SendBarProps {
  readonly api: SimulatorApi;
  readonly rtus: readonly SimulatedRtu[];
  readonly say: (text: string) => void;
}

/** Index and duration, of all RTUs or those of one number; send and stop. */
export function SendBar({ api, rtus, say }: SendBarProps) {
  const index = useSignal('0');
  const duration = useSignal('0');
  const rtu = useSignal('');
  const numbers = [...new Set(rtus.map(({ rtuNumber }) => rtuNumber))].sort((a, b) => a - b);
  const chosen = (): number | undefined => (rtu.value === '' ? undefined : Number(rtu.value));
  const doing = (act: () => Promise<void>) => (): void => {
    act().catch((error: unknown) => say(messageOf(error)));
  };
  const sendIt = doing(async () => {
    const { run: number } = await api.send(Number(index.value), Number(duration.value), chosen());
    say(`Index ${index.value} is being sent.`);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, RUN_POLL_MS));
      const { ended, stations, index: of } = await api.run(number);
      if (!ended) continue;
      const sum = (of: (station: (typeof stations)[number]) => number): number =>
        stations.reduce((total, station) => total + of(station), 0);
      const results = [...new Set(stations.map(({ result }) => result))].map(
        (result) => `${stations.filter((station) => station.result === result).length} ${result}`,
      );
      const leftOut = sum((station) => station.leftOut);
      say(
        `Index ${of}: ${sum((station) => station.sent)} rows sent${leftOut > 0 ? `, ${leftOut} left out` : ''}; RTUs: ${results.join(', ')}.`,
      );
      return;
    }
  });
  const stopIt = doing(async () => {
    const { stopped } = await api.stop(chosen());
    say(stopped === 0 ? 'Nothing was being sent.' : `Stopped at ${stopped} RTUs.`);
  });
  const sending = rtus.some((each) => each.sending);
  return (
    <form
      class="send-bar"
      onSubmit={(event) => {
        event.preventDefault();
        sendIt();
      }}
    >
      <label data-tip="Rows of the IO file with this index are sent; 0: all rows">
        Index{' '}
        <input
          type="number"
          min="0"
          step="1"
          required
          value={index.value}
          onInput={({ currentTarget }) => (index.value = currentTarget.value)}
        />
      </label>
      <label data-tip="The rows are sent again and again for so long; 0: once">
        Duration (s){' '}
        <input
          type="number"
          min="0"
          step="any"
          required
          value={duration.value}
          onInput={({ currentTarget }) => (duration.value = currentTarget.value)}
        />
      </label>
      <label data-tip="RTUs with this number, or all">
        RTU no{' '}
        <select value={rtu.value} onChange={({ currentTarget }) => (rtu.value = currentTarget.value)}>
          <option value="">all</option>
          {numbers.map((number) => (
            <option key={number} value={number}>
              {number}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" data-tip="Send the rows of this index">
        Send
      </button>
      <button type="button" onClick={stopIt} data-tip="Stop what is being sent">
        Stop
      </button>
      <span class="muted">{sending ? 'sending' : 'Index 0 sends all rows; a duration repeats them.'}</span>
    </form>
  );
}
