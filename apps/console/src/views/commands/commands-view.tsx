/** Commands that masters gave, with what became of them: the audit records. */
import type { CommandRecord, TrafficObject } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, commandsFile } from '../../api/client.js';
import { useStream } from '../../api/stream.js';
import { route, setQuery } from '../../route.js';
import { At } from '../../ui/age.js';
import { GroupLink } from '../../ui/group-link.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { GroupSelect } from '../../ui/group-select.js';
import { usePolled, waitingText } from '../../ui/polled.js';
import { QueryField } from '../../ui/query-field.js';
import { SaveButton } from '../../ui/save-button.js';
import { count, plural } from '../../ui/words.js';
import { objectText } from '../traffic/traffic-store.js';

const HEADINGS: readonly Heading[] = [
  ['Time', 'When the command ended'],
  ['Group', 'Group: the id of the row of the file, and its name'],
  ['Master', 'Who gave it: name, and the address that it came from'],
  ['Type', 'Type identification; select: of the two steps of a command the first'],
  ['Cause', 'Cause of transmission of the command'],
  ['CA', 'Common address', 'number'],
  ['IOA', 'Information object address', 'number'],
  ['Value', 'What was to be set'],
  ['Outcome', 'What became of it: as the RTU answered, or why it was refused'],
  ['Took', "From the master's command to the end of it", 'number'],
];
const FILTERS = ['group', 'master', 'type', 'ca', 'ioa', 'outcome', 'since'] as const;
/** Something to fall back on: new ones are told by the stream. */
const AGAIN_MS = 60_000;
const LAST = '500';
const PAUSE_MS = 500;

export function CommandsView() {
  const { query } = route.value;
  const asked = new URLSearchParams({ last: LAST });
  for (const name of FILTERS) {
    const value = query.get(name);
    if (value) asked.set(name, value);
  }
  const fresh = useSignal(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The server filters: a new one only says that it is time to ask again, not more often than people read.
  const again = (): void => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      fresh.value++;
    }, PAUSE_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useStream({ commands: query.get('group') ?? '*' }, { command: again, leftOut: again }, query.get('group') ?? '*');
  const polled = usePolled(() => api.commands(asked), AGAIN_MS, asked.toString(), fresh.value).value;
  const commands = [...(polled.value?.commands ?? [])].reverse();
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Commands</h1>
        <GroupSelect
          label="Group"
          tip="Whose commands are shown"
          value={query.get('group') ?? ''}
          extra={[['', 'all groups']]}
          onChange={(id) => setQuery({ group: id })}
        />
        <QueryField
          name="master"
          label="Master"
          placeholder="A, 10.1.1.5"
          tip="Names or addresses, with commas"
          slash
        />
        <QueryField name="type" label="Type" placeholder="C_SC_NA_1" tip="Names or numbers, with commas" />
        <QueryField name="ioa" label="IOA" placeholder="5001" tip="Information object addresses, with commas" short />
        <QueryField name="outcome" label="Outcome" placeholder="refused" tip="How it begins, with commas" />
        <QueryField name="since" label="Since" placeholder="2h, 7d" tip="How long ago, or a time" short />
        <span class="muted">{polled.value !== undefined && plural(commands.length, 'command')}</span>
        <span class="grow" />
        <SaveButton path={commandsFile(asked)} tip="What is shown, as CSV">
          CSV
        </SaveButton>
      </div>
      {waitingText(polled) !== undefined && (
        <p class={polled.failure === undefined ? 'muted note' : 'problem bad'}>{waitingText(polled)}</p>
      )}
      {(polled.value?.unreadable ?? 0) > 0 && (
        <p class="problem warn">
          {plural(polled.value?.unreadable ?? 0, 'entry', 'entries')} of the audit log cannot be read.
        </p>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label="List of commands">
        <table>
          <Headings headings={HEADINGS} />
          <tbody>
            {commands.map((record) => (
              <Row key={`${record.group} ${record.session} ${record.command} ${record.at}`} record={record} />
            ))}
          </tbody>
        </table>
        {polled.value !== undefined && polled.failure === undefined && commands.length === 0 && (
          <p class="empty">No command fits.</p>
        )}
      </div>
    </section>
  );
}

/** Beginnings and ends of outcomes where the master did not get what it wanted. */
const WRONG = /refused|unknown|gone|expired/i;

function Row({ record }: { record: CommandRecord }) {
  const { group, name, certificateName, peer, outcome } = record;
  return (
    <tr>
      <td>
        <At at={record.at} />
      </td>
      <td>
        <GroupLink id={group} />
      </td>
      <td data-tip={peer}>
        {name ?? certificateName ?? ''} <span class="muted code">{peer}</span>
      </td>
      <td class="code">
        {record.type}
        {record.select && ' select'}
      </td>
      <td>{record.cause}</td>
      <td class="number">{record.ca}</td>
      <td class="number">{record.ioa ?? '–'}</td>
      <td class="code">{valueText(record.objects)}</td>
      <td class={WRONG.test(outcome) ? 'warn' : ''}>{outcome}</td>
      <td class="number">{count(record.durationMs)} ms</td>
    </tr>
  );
}

/** What the command was to set. The first object says it: a command has one. */
function valueText(objects: unknown): string {
  if (typeof objects === 'string') return objects;
  const [first] = Array.isArray(objects) ? (objects as TrafficObject[]) : [];
  if (first === undefined) return '';
  const { ioa: _, select: __, ...rest } = first;
  return objectText(rest);
}
