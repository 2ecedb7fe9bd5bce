import type { SimulatedRtu, SimulatorLogLine } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SimulatorApi } from './simulator-api.js';

const POLL_MS = 1_000;
const SHOWN = 500;

/** The two logs of one RTU, as they are written: signals and events, and the general interrogations. */
export function LogPanes({ api, rtu }: { readonly api: SimulatorApi; readonly rtu: SimulatedRtu }) {
  return (
    <div class="rtu-logs">
      <LogPane api={api} id={rtu.id} which="station" title={`${rtu.name}: signals and events`} />
      <LogPane api={api} id={rtu.id} which="interrogation" title={`${rtu.name}: general interrogations`} />
    </div>
  );
}

interface LogPaneProps {
  readonly api: SimulatorApi;
  readonly id: string;
  readonly which: 'station' | 'interrogation';
  readonly title: string;
}

function LogPane({ api, id, which, title }: LogPaneProps) {
  const lines = useSignal<readonly SimulatorLogLine[]>([]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    const again = async (): Promise<void> => {
      if (document.hidden) return;
      const answer = await api.log(id, which, lines.value.at(-1)?.seq ?? 0).catch(() => undefined);
      if (gone || answer === undefined) return;
      if (answer.lines.length === 0) return;
      const { current } = box;
      // Who has scrolled up reads something.
      const atEnd = current === null || current.scrollHeight - current.scrollTop - current.clientHeight < 40;
      lines.value = [...lines.value, ...answer.lines].slice(-SHOWN);
      if (atEnd) requestAnimationFrame(() => box.current?.scrollTo(0, box.current.scrollHeight));
    };
    void again();
    const timer = setInterval(() => void again(), POLL_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [id, which]);
  return (
    <section>
      <h2>{title}</h2>
      <div class="rtu-log" ref={box} tabIndex={0} aria-label={title} role="log" aria-live="off">
        {lines.value.map((line) => (
          <LineText key={`${line.seq} ${line.ioa}`} line={line} />
        ))}
        {lines.value.length === 0 && <p class="muted">Nothing yet.</p>}
      </div>
    </section>
  );
}

function LineText({ line }: { readonly line: SimulatorLogLine }) {
  const { timeMs, event, type, ioa, value, quality, cause, tag, peer, comment } = line;
  const time = new Date(timeMs).toISOString().slice(11, 23);
  const parts = [
    event,
    type,
    ioa === undefined ? undefined : `IOA ${ioa}`,
    value === undefined ? undefined : `= ${value}`,
    quality,
    cause,
    tag === undefined ? undefined : `at ${tag}`,
    peer,
    comment,
  ];
  return (
    <p>
      <span class="muted">{time}</span> {parts.filter((part) => part !== undefined && part !== '').join(' ')}
    </p>
  );
}
