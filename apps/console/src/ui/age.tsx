/** How long ago something was, growing by itself; the tooltip has the time. */
import { now } from '../state/time.js';
import { dateTime, duration } from './words.js';

export function Age({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="none">–</span>;
  const time = new Date(at);
  return (
    <time dateTime={at} data-tip={dateTime(time, new Date(now.value))}>
      {duration(now.value - time.getTime())}
    </time>
  );
}

export function At({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="none">–</span>;
  return (
    <time dateTime={at} data-tip={`${at} (UTC)`}>
      {dateTime(new Date(at), new Date(now.value))}
    </time>
  );
}
