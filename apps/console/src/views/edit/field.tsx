/** One cell of a row. */
import type { CellProblem, ChangeEffect, ColumnInfo } from '@iec104mm2ss/console-api';
import { useId } from 'preact/hooks';
import { effectWords } from './effects.js';

export interface FieldProps {
  readonly column: ColumnInfo;
  readonly value: string;
  readonly changed: boolean;
  /** It is in force until restart, and the file says otherwise. */
  readonly inFile: string | undefined;
  readonly problems: readonly CellProblem[];
  /** What a change of it costs; undefined: it is as it was, or is refused. */
  readonly effect: ChangeEffect | undefined;
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
}

export function Field(props: FieldProps) {
  const { column, value, changed, inFile, problems, effect, onChange } = props;
  const id = useId();
  const bad = problems.some(({ severity }) => severity === 'skipped');
  const common = {
    id,
    value,
    disabled: props.readOnly || !column.editable,
    'aria-invalid': bad,
    'aria-describedby': `${id}-help`,
  };
  return (
    <div class={`field ${changed ? 'changed' : ''} ${column.kind === 'list' ? 'long' : ''}`}>
      <label for={id} data-tip={column.help}>
        {column.name}
        {column.unit !== undefined && <span class="muted"> {column.unit}</span>}
      </label>
      {column.kind === 'choice' ? (
        <select {...common} onChange={(event) => onChange(event.currentTarget.value)}>
          {choicesOf(column, value).map((choice) => (
            <option key={choice} value={choice}>
              {choice === '' ? `(${column.whenEmpty})` : choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type="text"
          inputMode={column.kind === 'integer' ? 'numeric' : 'text'}
          placeholder={column.whenEmpty}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
      <p id={`${id}-help`} class="help">
        {problems.map(({ reason, severity }) => (
          <span key={reason} class={severity === 'skipped' ? 'bad' : 'warn'}>
            {reason}
          </span>
        ))}
        {effect !== undefined && <span class="effect">{effectWords(effect)}</span>}
        {inFile !== undefined && <span class="warn">until restart; the file has “{inFile}”</span>}
        {problems.length === 0 && effect === undefined && inFile === undefined && (
          <span class="muted">{column.help}</span>
        )}
      </p>
    </div>
  );
}

/** What the file has is among them, whatever it is. */
function choicesOf({ choices = [], required }: ColumnInfo, value: string): readonly string[] {
  const known = required ? choices : ['', ...choices];
  return known.includes(value) ? known : [value, ...known];
}
