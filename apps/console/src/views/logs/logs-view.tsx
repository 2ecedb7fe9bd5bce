/** The log of a group, live. */
import { logFile } from '../../api/client.js';
import { route, setQuery } from '../../route.js';
import { rowOf, summary } from '../../state/fleet.js';
import { currentGroup } from '../../state/current-group.js';
import { CopyButton } from '../../ui/copy.js';
import { FilterBox } from '../../ui/filter-box.js';
import { GroupSelect } from '../../ui/group-select.js';
import { SaveButton } from '../../ui/save-button.js';
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
  const command = watchCommand({ group: group === PROCESS ? undefined : group, log: true });
  const isUnknown = group !== PROCESS && summary.value !== undefined && rowOf(group) === undefined;
  return (
    <section class="view fill">
      <div class="bar">
        <h1>Log</h1>
        <GroupSelect
          label="Group"
          tip="Whose lines are shown"
          value={group}
          extra={[[PROCESS, 'of no group']]}
          onChange={(id) => setQuery({ group: id })}
        />
        <FilterBox
          label="Filter lines"
          placeholder="Filter: message, peer, reason"
          tip="Words that a line must all have (/)"
        />
        <LevelSelect value={level} />
        <span class="muted">{log.begun && plural(log.lines.length, 'line')}</span>
        <span class="grow" />
        <SaveButton path={logFile(group === PROCESS ? undefined : group)} tip="All lines that the processes keep">
          Download
        </SaveButton>
        <CopyButton text={command} what="command" tip={command} />
      </div>
      {isUnknown && <p class="problem warn">There is no group {group} now.</p>}
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
    <select
      aria-label="Least level"
      data-tip="What is less bad is not shown"
      value={value}
      onChange={(event) => setQuery({ level: event.currentTarget.value })}
    >
      {LEVELS.map((level) => (
        <option key={level} value={level}>
          {level === 'trace' ? 'all levels' : `${level} and worse`}
        </option>
      ))}
    </select>
  );
}
