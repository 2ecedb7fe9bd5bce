/** The view of the console on the RTU simulator of `--simulator`, which the console's server asks. */
import { simulatorAsk } from '../api/client.js';
import { may, session } from '../state/session.js';
import { usePolled, waitingText } from '../ui/polled.js';
import { simulatorApi } from './simulator-api.js';
import { SimulatorPanel } from './simulator-panel.js';

const POLL_MS = 1_000;
const api = simulatorApi(simulatorAsk);

export function ConsoleSimulatorView() {
  const polled = usePolled(api.rtus, POLL_MS);
  const rtus = polled.value.value ?? [];
  const waiting = waitingText(polled.value);
  const online = rtus.filter((rtu) => rtu.online).length;
  if (session.value?.simulator === null) {
    return (
      <div class="empty">
        <h1>No RTU simulator</h1>
        <p>
          The console shows one with <code>--simulator URL</code>.
        </p>
      </div>
    );
  }
  return (
    <section class="view fill">
      <div class="bar">
        <h1>RTU simulator</h1>
        <span class="muted">
          {session.value?.simulator}: {rtus.length} RTUs, {online} online
        </span>
      </div>
      {waiting !== undefined && <p class="note warn">{waiting}</p>}
      <SimulatorPanel api={api} rtus={rtus} mayOrder={may('order')} />
    </section>
  );
}
