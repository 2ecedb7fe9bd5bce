/** Two groups side by side, as in the manual's second tab: status, row, log. */
import { useMemo } from 'preact/hooks';
import { useKeys } from '../../keys/keys.js';
import { href, route, setQuery } from '../../route.js';
import { order, rowOf } from '../../state/fleet.js';
import { troublesOf } from '../../state/trouble.js';
import { FilterBox } from '../../ui/filter-box.js';
import { GroupSelect } from '../../ui/group-select.js';
import { RtuMark } from '../../ui/rtu-state.js';
import { Age } from '../../ui/age.js';
import { clockTime, count, mastersText, rate } from '../../ui/words.js';
import { EditForm } from '../edit/edit-form.js';
import { Fact } from '../group/facts.js';
import { LogPane } from '../logs/log-pane.js';
import { useLog } from '../logs/log-store.js';
import { type TimeLock, timeLock } from '../logs/time-lock.js';

export function CompareView() {
  const { query } = route.value;
  const [first, second] = order.value;
  const a = query.get('a') ?? first ?? '';
  const b = query.get('b') ?? (second === a ? first : second) ?? '';
  const filter = query.get('filter') ?? '';
  const lock = useMemo(timeLock, []);
  const marker = lock.marker.value;
  useKeys('Compare', [
    { keys: 's', does: 'swap the two', run: () => setQuery({ a: b, b: a }) },
    { keys: 'l', does: 'lock the logs to one time', run: () => (lock.on.value = !lock.on.value) },
  ]);
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Compare</h1>
        <button type="button" onClick={() => setQuery({ a: b, b: a })} data-tip="Swap (s)">
          ⇄ Swap
        </button>
        <FilterBox
          label="Filter lines of both logs"
          placeholder="Filter both logs"
          tip="Words that a line must all have (/)"
        />
        <label data-tip="Scrolling one log takes the other one to the same time (l)">
          <input
            type="checkbox"
            checked={lock.on.value}
            onChange={(event) => (lock.on.value = event.currentTarget.checked)}
          />{' '}
          One time for both logs
        </label>
        {marker === undefined ? (
          <span class="muted">A click on a time draws a line in both.</span>
        ) : (
          <button type="button" onClick={() => (lock.marker.value = undefined)} data-tip="Take the line away">
            Line at {clockTime(new Date(marker))} ✕
          </button>
        )}
      </div>
      <div class="pair">
        <Pane side="a" id={a} filter={filter} lock={lock} />
        <Pane side="b" id={b} filter={filter} lock={lock} />
      </div>
    </section>
  );
}

function Pane({ side, id, filter, lock }: { side: 'a' | 'b'; id: string; filter: string; lock: TimeLock }) {
  const row = rowOf(id);
  const log = useLog(id);
  return (
    <section class="pane" aria-label={side === 'a' ? 'Left' : 'Right'}>
      <header>
        <GroupSelect
          label={side === 'a' ? 'Left group' : 'Right group'}
          tip="The group that is shown on this side"
          value={id}
          onChange={(next) => setQuery({ [side]: next })}
        />
        {row !== undefined && <RtuMark row={row} />}
        <span class="grow" />
        <a href={href(['group', id])} data-tip="The whole of this group">
          Open
        </a>
      </header>
      {row === undefined ? (
        <p class="empty">{id === '' ? 'Choose a group.' : `There is no group ${id}. Choose another one.`}</p>
      ) : (
        <>
          <dl class="short">
            <Fact name="Since" tip="How long the link has been in this state; started: since STARTDT">
              <Age at={row.since} />
            </Fact>
            <Fact name="Endpoint" tip="Host and port of the RTU in use, or being tried">
              <span class="code">{row.endpoint ?? '–'}</span>
            </Fact>
            <Fact name="Masters" tip="Started / connected / most that are let in">
              {mastersText(row)}
            </Fact>
            <Fact name="From RTU" tip="ASDUs a second from the RTU">
              {rate(row.fromRtu)} /s
            </Fact>
            <Fact
              name="Unconfirmed"
              tip="Events that no master has acknowledged yet, of what the event log holds (buffsize)"
            >
              {count(row.unconfirmed)}/{count(row.capacity)}
            </Fact>
          </dl>
          {troublesOf(row).map(({ kind, severity, text }) => (
            <p key={`${kind} ${text}`} class={`problem ${severity}`}>
              {text}
            </p>
          ))}
          <EditForm key={id} id={id} compact />
          <LogPane
            label={`Log of group ${id}, ${side === 'a' ? 'left' : 'right'}`}
            log={log}
            filter={filter}
            level="trace"
            lock={lock}
          />
        </>
      )}
    </section>
  );
}
