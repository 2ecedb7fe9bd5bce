/** Says whether the page is live. When it is not, values are greyed, and of when they are is said. */
import { denial } from './api/denial.js';
import { connection } from './api/stream.js';
import { summary } from './state/fleet.js';
import { now } from './state/time.js';
import { Mark } from './ui/marks.js';
import { clockTime, sentence } from './ui/words.js';

/** The time of the values that are shown. */
const asOf = (): string => (summary.value === undefined ? '' : clockTime(new Date(summary.value.now)));

export function ConnectionState() {
  const { phase } = connection.value;
  const stale = summary.value !== undefined && summary.value.stale !== null;
  if (phase === 'down')
    return <Mark shape="triangle" tone="bad" word={asOf() === '' ? 'not connected' : `as of ${asOf()}`} />;
  if (stale) return <Mark shape="question" tone="bad" word={`as of ${asOf()}`} tip={summary.value?.stale ?? ''} />;
  if (summary.value === undefined) return <Mark shape="dashed" word="connecting" />;
  return (
    <Mark shape="full" word={`live ${clockTime(new Date(now.value))}`} tip="Live. The time is that of the server" />
  );
}

export function ConnectionBanner() {
  const { phase, reason } = connection.value;
  const own = summary.value?.stale ?? null;
  const silent = summary.value?.silentProcesses ?? [];
  const refused = summary.value?.configurationRefused ?? null;
  return (
    <div role="status" aria-live="polite" class="banners">
      {phase === 'down' && (
        <p class="banner bad">
          <b>Not live.</b> {sentence(reason ?? '')} {asOf() !== '' && `Values are as of ${asOf()}.`}{' '}
          {denial.value === undefined && 'Connecting again …'}
        </p>
      )}
      {phase !== 'down' && own !== null && (
        <p class="banner bad">
          <b>Not live:</b> {own}. Values are as of {asOf()}.
        </p>
      )}
      {phase !== 'down' && silent.length > 0 && (
        <p class="banner warn">
          <b>Silent:</b> {silent.join(', ')}. What only they know is not known now.
        </p>
      )}
      {phase !== 'down' && refused !== null && (
        <p class="banner warn">
          <b>The configuration file is not in force:</b> {refused} <a href="#/configuration">Details</a>
        </p>
      )}
      {phase !== 'down' && refused === null && summary.value?.configurationDiffers === true && (
        <p class="banner warn">
          <b>Not all processes work with the same file.</b> <a href="#/configuration">Details</a>
        </p>
      )}
    </div>
  );
}
