/** What passes, decoded, as it passes. */
import type { StreamQuery } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { connection, looks } from '../../api/stream.js';
import { useKeys } from '../../keys/keys.js';
import { route, setQuery } from '../../route.js';
import { currentGroup } from '../../state/current-group.js';
import { CopyButton } from '../../ui/copy.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { GroupSelect } from '../../ui/group-select.js';
import { QueryField } from '../../ui/query-field.js';
import { count, plural } from '../../ui/words.js';
import { watchCommand } from '../../ui/watch-command.js';
import { TrafficRow } from './traffic-row.js';
import { MOST_ITEMS, useTraffic } from './traffic-store.js';

const HEADINGS: readonly Heading[] = [
  ['Time', 'When it passed, by the clock of the program; a click shows the octets'],
  ['Group', 'Group: the id of the row of the file'],
  ['Direction', 'From the RTU to masters, or from the session of a master to the RTU'],
  ['Type', 'Type identification'],
  ['Cause', 'Cause of transmission; negative: P/N = 1'],
  ['CA', 'Common address', 'number'],
  ['OA', 'Originator address', 'number'],
  ['Objects', 'Information objects: address (IOA), value, quality and time where they are worth a word'],
];
const FILTERS = ['type', 'cause', 'ca', 'ioa'] as const;

export function TrafficView() {
  const { query } = route.value;
  const group = query.get('group') ?? currentGroup() ?? '*';
  const direction = query.get('direction') ?? '';
  const paused = useSignal(false);
  const asked: StreamQuery = {
    traffic: group,
    ...Object.fromEntries(FILTERS.flatMap((name) => (query.get(name) ? [[name, listOf(query.get(name))]] : []))),
    ...(direction === '' ? {} : { direction: direction as 'monitor' | 'control' }),
  };
  const { traffic, missed, clear } = useTraffic(asked, () => paused.peek());
  const { type, ca, ioa } = asked;
  const command = watchCommand({ group: group === '*' ? undefined : group, type, ca, ioa });
  const goOn = (): void => {
    paused.value = !paused.value;
    if (!paused.value && missed > 0) clear();
  };
  useKeys('Traffic', [
    { keys: 'p', does: 'pause, go on', run: goOn },
    { keys: 'x', does: 'empty the list', run: clear },
  ]);
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Traffic</h1>
        <GroupSelect
          label="Group"
          tip="Whose traffic is shown"
          value={group}
          extra={[['*', 'all groups']]}
          onChange={(id) => setQuery({ group: id })}
        />
        <select
          aria-label="Direction"
          data-tip="What the RTU sends, what masters send to it, or both"
          value={direction}
          onChange={(event) => setQuery({ direction: event.currentTarget.value })}
        >
          <option value="">both directions</option>
          <option value="monitor">from the RTU</option>
          <option value="control">to the RTU</option>
        </select>
        <QueryField name="type" label="Type" placeholder="M_SP_TB_1, 45" slash tip="Names or numbers, with commas" />
        <QueryField name="cause" label="Cause" placeholder="3, 20" tip="Numbers or names, with commas" />
        <QueryField name="ca" label="CA" placeholder="1" tip="Common addresses, with commas" short />
        <QueryField name="ioa" label="IOA" placeholder="4001" tip="Information object addresses, with commas" short />
        <button type="button" aria-pressed={paused.value} onClick={goOn} data-tip="Pause, go on (p)">
          {paused.value ? `Go on${missed > 0 ? `: ${count(missed)} passed` : ''}` : 'Pause'}
        </button>
        <span class="grow" />
        <CopyButton text={command} what="command" tip={command} />
      </div>
      <p class="muted note" aria-live="off">
        {plural(traffic.count, 'ASDU')} since this view was opened
        {traffic.leftOut > 0 && <b class="warn">, {count(traffic.leftOut)} left out: they came too fast</b>}
        {traffic.hasGap && <b class="warn">, not complete: for a while this page did not watch</b>}
        {traffic.dropped > 0 && `; the newest ${MOST_ITEMS} are kept`}. A click shows the octets.
      </p>
      {looks.value.refused.map(({ name, reason }) => (
        <p key={name} class="problem bad" role="alert">
          {reason}
        </p>
      ))}
      <div class="scroll" tabIndex={0} role="region" aria-label="List of ASDUs">
        <table class="traffic">
          <Headings headings={HEADINGS} />
          <tbody>
            {traffic.items.map(({ number, item }) => (
              <TrafficRow key={number} item={item} />
            ))}
          </tbody>
        </table>
        {traffic.items.length === 0 && <p class="empty">{whyEmpty()}</p>}
      </div>
    </section>
  );
}

/** That nothing has passed can be said only by who has watched. */
function whyEmpty(): string {
  const { live, refused } = looks.value;
  if (refused.length > 0) return 'Nothing is watched: the filter cannot be understood.';
  if (connection.value.phase === 'down') return 'Not connected.';
  return live ? 'Nothing has passed that fits, since this view is open.' : 'Connecting …';
}

const listOf = (text: string | null): string =>
  (text ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .join(',');
