/** Who changed what: orders of operators, edits, and what became of the configuration file. */
import type { LogLine } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useStream } from '../../api/stream.js';
import { route } from '../../route.js';
import { session } from '../../state/session.js';
import { At } from '../../ui/age.js';
import { FilterBox } from '../../ui/filter-box.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { GroupLink } from '../../ui/group-link.js';
import { plural } from '../../ui/words.js';
import { fieldsText, keyOf, passes } from '../logs/log-store.js';

const HEADINGS: readonly Heading[] = [
  ['Time', 'When it was done'],
  ['Who', 'User and address; a dash: nobody, the program did it by itself'],
  ['Group', 'The group that it was done to; a dash: all, or none'],
  ['What', 'The order or the change, and what became of it'],
  ['Details', 'All else that the log line of it says'],
];
/** In columns of their own. */
const SHOWN = ['event', 'by', 'verb', 'user', 'role'];
const MOST = 2_000;

export function ChangesView() {
  const changes = useSignal<readonly LogLine[] | undefined>(undefined);
  const filter = route.value.query.get('filter') ?? '';
  const missed = useSignal(0);
  useStream(
    { changes: '1' },
    {
      leftOut: ({ of, count }) => {
        if (of === 'change') missed.value += count;
      },
      change: ({ begin, changes: more }) => {
        changes.value = [...(begin ? [] : (changes.peek() ?? [])), ...more].slice(-MOST);
      },
    },
    '',
  );
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = changes.value?.filter((line) => passes(line, words, 'trace')).reverse();
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Changes</h1>
        <FilterBox
          label="Filter changes"
          placeholder="Filter: who, what, group"
          tip="Words that a change must all have (/)"
        />
        <span class="muted">{shown !== undefined && plural(shown.length, 'change')}</span>
        <span class="muted">
          {session.value?.mode === 'nats'
            ? 'of what each process keeps since it started'
            : 'of the last 500, which are kept over restarts'}
        </span>
        {missed.value > 0 && <b class="warn">{missed.value} left out: they came too fast. Reload to see them.</b>}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="List of changes">
        <table>
          <Headings headings={HEADINGS} />
          <tbody>
            {shown?.map((line) => (
              <Row key={keyOf(line)} line={line} />
            ))}
          </tbody>
        </table>
        {shown === undefined && <p class="empty">Waiting …</p>}
        {shown?.length === 0 && (
          <p class="empty">{changes.value?.length === 0 ? 'Nobody has changed anything.' : 'No change matches.'}</p>
        )}
      </div>
    </section>
  );
}

function Row({ line }: { line: LogLine }) {
  const { fields, group, level } = line;
  const who = [fields['by'] ?? fields['user']].filter((part) => typeof part === 'string').join('');
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !SHOWN.includes(name)));
  return (
    <tr>
      <td>
        <At at={line.at} />
      </td>
      <td>{who === '' ? <span class="none">–</span> : who}</td>
      <td>{group === null ? <span class="none">–</span> : <GroupLink id={group} />}</td>
      <td class={level === 'error' || level === 'fatal' ? 'bad' : level === 'warn' ? 'warn' : ''}>
        {typeof fields['verb'] === 'string' && <b>{fields['verb']}: </b>}
        {line.message}
      </td>
      <td class="code wrap">{fieldsText({ ...line, fields: rest })}</td>
    </tr>
  );
}
