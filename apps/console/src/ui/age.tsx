/** How long ago something was, growing by itself; the tooltip has the time. */
import { useComputed } from '@preact/signals';
import { now } from '../state/time.js';
import { dateTime, duration } from './words.js';

export function Age({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="none">–</span>;
  return <Since key={at} at={at} />;
}

/** The text changes by itself, without drawing anything else. */
function Since({ at }: { at: string }) {
  const time = new Date(at);
  const text = useComputed(() => duration(now.value - time.getTime()));
  return (
    <time dateTime={at} data-tip={dateTime(time, new Date(now.peek()))}>
      {text}
    </time>
  );
}

export function At({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="none">–</span>;
  return (
    <time dateTime={at} data-tip={`${at} (UTC)`}>
      {dateTime(new Date(at), new Date(now.peek()))}
    </time>
  );
}
