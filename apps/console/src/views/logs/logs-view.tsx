/** The log of a group, live. */
import { useRef } from 'preact/hooks';
import { logFile } from '../../api/client.js';
import { useKeys } from '../../keys/keys.js';
import { route, setQuery } from '../../route.js';
import { currentGroup } from '../../state/current-group.js';
import { CopyButton } from '../../ui/copy.js';
import { FilterBox } from '../../ui/filter-box.js';
import { GroupSelect } from '../../ui/group-select.js';
import { plural } from '../../ui/words.js';
import { watchCommand } from '../../ui/watch-command.js';
import { LogPane } from './log-pane.js';
import { LEVELS, useLog } from './log-store.js';

/** Lines that belong to no group. */
const PROCESS = '*';

export function LogsView() {
  const { query } = route.value;
  const group = query.get('group') ?? currentGroup() ?? PROCESS;
  const filter = query.get('filter') ?? '';
  const level = query.get('level') ?? 'trace';
  const log = useLog(group);
  const input = useRef<HTMLInputElement>(null);
  useKeys('Log', [{ keys: '/', does: 'filter', run: () => input.current?.focus() }]);
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Log</h1>
        <GroupSelect
          label="Group"
          value={group}
          extra={[[PROCESS, 'of no group']]}
          onChange={(id) => setQuery({ group: id })}
        />
        <FilterBox
          inputRef={input}
          label="Filter lines"
          placeholder="Filter: message, peer, reason   /"
          value={filter}
          onChange={(text) => setQuery({ filter: text })}
        />
        <LevelSelect value={level} />
        <span class="muted">{log.begun && plural(log.lines.length, 'line')}</span>
        <span class="grow" />
        <a
          class="button"
          href={logFile(group)}
          download={`group-${group}.log`}
          data-tip="All lines that the processes keep"
        >
          Download
        </a>
        {group !== PROCESS && (
          <CopyButton
            text={watchCommand({ group })}
            what="command"
            tip={`${watchCommand({ group })}: its traffic and commands`}
          />
        )}
      </div>
      <LogPane
        label={`Log of ${group === PROCESS ? 'the process' : `group ${group}`}`}
        log={log}
        filter={filter}
        level={level}
      />
    </section>
  );
}

export function LevelSelect({ value }: { value: string }) {
  return (
    <select aria-label="Least level" value={value} onChange={(event) => setQuery({ level: event.currentTarget.value })}>
      {LEVELS.map((level) => (
        <option key={level} value={level}>
          {level === 'trace' ? 'all levels' : `${level} and worse`}
        </option>
      ))}
    </select>
  );
}
