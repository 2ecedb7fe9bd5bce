/** The window of the old IEC104-RTU-Simulator as a page: the RTUs, what is sent, and the logs of one of them. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { usePolled, waitingText } from '../ui/polled.js';
import { rtus, tokenWanted, useToken } from './client.js';
import { LogPanes } from './log-panes.js';
import { RtuTable } from './rtu-table.js';
import { SendBar } from './send-bar.js';

const POLL_MS = 1_000;

export function SimulatorView() {
  const polled = usePolled(rtus, POLL_MS, String(tokenWanted.value));
  const selected = useSignal<string | undefined>(undefined);
  const said = useSignal('');
  const all = polled.value.value ?? [];
  const current = all.find(({ id }) => id === selected.value) ?? all[0];
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
      <main class="simulator">
        <SendBar rtus={all} say={(text) => (said.value = text)} />
        <p class="note" role="status">
          {said.value}
        </p>
        <RtuTable
          rtus={all}
          selected={current?.id}
          select={(id) => (selected.value = id)}
          say={(text) => (said.value = text)}
        />
        {current !== undefined && <LogPanes key={current.id} rtu={current} />}
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
