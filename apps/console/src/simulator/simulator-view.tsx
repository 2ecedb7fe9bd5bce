/** The page of `mm2ss simulate rtus` itself. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { usePolled, waitingText } from '../ui/polled.js';
import { simulator, tokenWanted, useToken } from './client.js';
import { SimulatorPanel } from './simulator-panel.js';

const POLL_MS = 1_000;

export function SimulatorView() {
  const polled = usePolled(simulator.rtus, POLL_MS, String(tokenWanted.value));
  const all = polled.value.value ?? [];
  const waiting = waitingText(polled.value);
  const online = all.filter((rtu) => rtu.online).length;
  useEffect(() => {
    document.title = `${online}/${all.length} RTUs: IEC 104 RTU simulator`;
  }, [online, all.length]);
  return (
    <>
      <header class="top simulator-top">
        <h1>RTU simulator</h1>
        <span class="muted">
          {all.length} RTUs, {online} online
        </span>
        <span class="grow" />
        <a href="./openapi.json">API</a>
      </header>
      {tokenWanted.value && <TokenForm />}
      {waiting !== undefined && !tokenWanted.value && <p class="note warn">{waiting}</p>}
      <main class="simulator-main">
        <SimulatorPanel api={simulator} rtus={all} mayOrder />
      </main>
    </>
  );
}

function TokenForm() {
  const text = useSignal('');
  return (
    <form
      class="note"
      onSubmit={(event) => {
        event.preventDefault();
        useToken(text.value);
      }}
    >
      <label>
        The simulator asks for a token:{' '}
        <input
          type="password"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          autocomplete="off"
        />
      </label>{' '}
      <button type="submit">Use it</button>
    </form>
  );
}
