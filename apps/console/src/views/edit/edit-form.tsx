/** The row of a group: every column, with what a change of it brings about before it is made. */
import type { ColumnInfo, RowAnswer, RowCheck } from '@iec104mm2ss/console-api';
import { useEffect } from 'preact/hooks';
import { api } from '../../api/client.js';
import { may, session } from '../../state/session.js';
import { CopyButton } from '../../ui/copy.js';
import { ask } from '../../ui/dialog.js';
import { say } from '../../ui/toast.js';
import { columns, type Draft, draftOf, inForce } from './draft.js';
import { sentence } from '../../ui/words.js';
import { effectWords } from './effects.js';
import { Field } from './field.js';

const RETRY_MS = 3_000;

export function EditForm({ id, compact }: { id: string; compact?: boolean }) {
  const draft = draftOf(id);
  useEffect(() => void draft.load(), [id]);
  const isFailed = draft.failure.value !== undefined && !draft.isGone.value;
  // A group that comes back is told with the file; that the file can be read again is not.
  useEffect(() => {
    if (!isFailed) return undefined;
    const timer = setInterval(() => void draft.load(), RETRY_MS);
    return () => clearInterval(timer);
  }, [isFailed, draft]);
  const row = draft.row.value;
  if (row === undefined) {
    return (
      <p class={draft.failure.value === undefined ? 'muted' : 'problem bad'}>
        {draft.failure.value ?? 'Waiting …'}{' '}
        {draft.failure.value !== undefined && <a href="#/configuration">What is wrong with the file</a>}
      </p>
    );
  }
  const readOnly = draft.isGone.value || !(may('apply') || may('save') || session.value?.mode === 'nats');
  const first = columns.value.filter((column) => isFirst(column, compact));
  const rest = columns.value.filter((column) => !isFirst(column, compact));
  const fields = (list: readonly ColumnInfo[]) =>
    list.map((column) => (
      <Field
        key={column.name}
        column={column}
        value={draft.cells.value[column.name] ?? inForce(row, column.name)}
        changed={column.name in draft.cells.value}
        inFile={column.name in row.applied ? (row.cells[column.name] ?? '') : undefined}
        problems={draft.check.value?.problems.filter((problem) => problem.column === column.name) ?? []}
        effect={draft.check.value?.changes.find((change) => change.column === column.name)?.effect ?? undefined}
        readOnly={readOnly}
        onChange={(text) => draft.set(column.name, text)}
      />
    ));
  return (
    <form class={`edit ${compact === true ? 'compact' : ''}`} onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>{compact === true ? 'Row' : 'Columns of the manual'}</legend>
        <div class="fields">{fields(first)}</div>
      </fieldset>
      {compact === true ? (
        <details>
          <summary>All other columns</summary>
          <div class="fields">{fields(rest)}</div>
        </details>
      ) : (
        <fieldset>
          <legend>Further columns</legend>
          <div class="fields">{fields(rest)}</div>
        </fieldset>
      )}
      <Outcome draft={draft} />
    </form>
  );
}

/** Those that the manual's second tab shows. */
const COMPACT = ['sys name', 'port no', 'rtu no', 'hosts', 'filter'];
const isFirst = ({ name, manual }: ColumnInfo, compact: boolean | undefined): boolean =>
  compact === true ? COMPACT.includes(name) : manual;

/** What will happen, and the buttons that make it happen. */
function Outcome({ draft }: { draft: Draft }) {
  const changed = Object.keys(draft.cells.value).length;
  const check = draft.check.value;
  const failure = draft.failure.value;
  const overtaken = draft.overtaken.value;
  if (changed === 0 && failure === undefined) return null;
  // Of no column in particular.
  const general = check?.problems.filter(({ column }) => !columns.value.some(({ name }) => name === column)) ?? [];
  return (
    <div class="outcome" role="status">
      {failure !== undefined && <p class="problem bad">{failure}</p>}
      {overtaken.length > 0 && (
        <p class="problem warn">
          Somebody else has changed {overtaken.join(', ')} meanwhile. What is typed here is kept: look at it again.
        </p>
      )}
      {check === undefined ? (
        failure === undefined && <p class="muted">Checking …</p>
      ) : (
        <>
          {general.map(({ reason }) => (
            <p key={reason} class="problem bad">
              {reason}
            </p>
          ))}
          <p>
            {check.ok ? <b>{sentence(check.consequence)}</b> : <b class="bad">The group would not load with this.</b>}
          </p>
          <ul>
            {check.changes.map(({ column, before, after, effect }) => (
              <li key={column}>
                {column}: <del>{before === '' ? '(empty)' : before}</del> →{' '}
                <ins>{after === '' ? '(empty)' : after}</ins>
                {effect !== null && <span class="muted"> {effectWords(effect)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      <Buttons draft={draft} check={check} />
    </div>
  );
}

function Buttons({ draft, check }: { draft: Draft; check: RowCheck | undefined }) {
  const isPods = session.value?.mode === 'nats';
  return (
    <footer>
      <button type="button" onClick={draft.forget}>
        Discard
      </button>
      {may('apply') && (
        <button type="button" disabled={check?.ok !== true} onClick={() => check && askChange(draft, 'apply', check)}>
          Apply until restart
        </button>
      )}
      {may('save') && (
        <button
          type="button"
          class="primary"
          disabled={check?.ok !== true}
          onClick={() => check && askChange(draft, 'save', check)}
        >
          Apply and save
        </button>
      )}
      {isPods && check?.ok === true && (
        <>
          <CopyButton text={check.rowAfter} what="row" tip="The row as it would stand in the file" />
          <CopyButton text={check.diff} what="patch" tip="The change of the file as a unified diff" />
          {check.howTo !== null && <CopyButton text={check.howTo} what="commands" />}
        </>
      )}
      {typeof session.value?.whyNoSave === 'string' && <p class="muted">{session.value.whyNoSave}</p>}
      {isPods && check?.ok === true && <pre class="diff">{check.diff}</pre>}
    </footer>
  );
}

const isSame = (now: RowAnswer | undefined, before: RowAnswer): boolean =>
  now?.digest === before.digest && JSON.stringify(now.applied) === JSON.stringify(before.applied);

function askChange(draft: Draft, mode: 'apply' | 'save', check: RowCheck): void {
  const row = draft.row.peek();
  if (row === undefined) return;
  ask({
    title: mode === 'save' ? `Apply, and save in ${row.file}?` : 'Apply until restart?',
    consequences: () => [
      sentence(check.consequence),
      ...check.changes.map(({ column, before, after }) => `${column}: “${before}” becomes “${after}”.`),
      mode === 'save'
        ? 'The file is written: comments and the order of its rows stay, the file as it was is kept beside it.'
        : 'The file is not written: after a restart of the program, or when the file changes, its row counts again.',
    ],
    obsolete: () => {
      if (draft.isGone.value) return sentence(draft.failure.value ?? '');
      return isSame(draft.row.value, row) ? undefined : 'The file has changed meanwhile: look at the row again.';
    },
    action: mode === 'save' ? 'Apply and save' : 'Apply',
    run: async () => {
      const change = { digest: row.digest, cells: draft.cells.peek() };
      const outcome = await api.change(draft.id, mode, change).catch(async (error: unknown) => {
        // The next try is one with the row as it is now.
        await draft.load();
        throw error;
      });
      say(
        outcome.backup === null
          ? outcome.message
          : `${sentence(outcome.message)} The file as it was: ${outcome.backup}`,
      );
      draft.forget();
      // It is done: nobody has to wait until it has been read again.
      void draft.load();
    },
  });
}
