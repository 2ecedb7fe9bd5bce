/** Log lines of one group: follows the newest until somebody scrolls away. */
import type { LogLine } from '@iec104mm2ss/console-api';
import { useSignal, useSignalEffect } from '@preact/signals';
import { memo } from '../../ui/memo.js';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { count, fineTime } from '../../ui/words.js';
import { fieldsText, keyOf, type Log, passes } from './log-store.js';
import type { TimeLock } from './time-lock.js';

export interface LogPaneProps {
  readonly label: string;
  readonly log: Log;
  readonly filter: string;
  readonly level: string;
  readonly lock?: TimeLock;
}

/** Pixels from the end that count as being there. */
const NEAR_END = 24;

export function LogPane({ label, log, filter, level, lock }: LogPaneProps) {
  const place = useRef<HTMLDivElement>(null);
  const following = useSignal(true);
  /** The newest line that was shown while it followed. */
  const seen = useRef<string | undefined>(undefined);
  /** Where the pane scrolled itself to: an event for that is nobody's wish. */
  const own = useRef(0);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const lines = log.lines.filter((line) => passes(line, words, level));
  const last = lines.at(-1);

  const toEnd = (): void => {
    if (place.current === null) return;
    place.current.scrollTop = place.current.scrollHeight;
    own.current = place.current.scrollTop;
  };
  // Lines wrap anew when the pane becomes another size.
  useEffect(() => {
    const resized = new ResizeObserver(() => {
      if (following.peek()) toEnd();
    });
    if (place.current !== null) resized.observe(place.current);
    return () => resized.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (!following.value) return;
    toEnd();
    seen.current = last === undefined ? undefined : keyOf(last);
  });
  // Another pane was scrolled: this one goes to the same time, and stays there.
  useSignalEffect(() => {
    const at = lock?.on.value === true ? lock.scrolledTo.value : undefined;
    const element = place.current;
    if (at === undefined || element === null || at.by === label) return;
    following.value = false;
    scrollToTime(element, at.time);
    own.current = element.scrollTop;
  });

  const onScroll = (): void => {
    const element = place.current;
    if (element === null || Math.abs(element.scrollTop - own.current) < 2) return;
    own.current = element.scrollTop;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    following.value = atEnd;
    if (lock?.on.value === true) lock.scrolled(label, atEnd ? undefined : timeAtTop(element));
  };
  const follow = (): void => {
    following.value = true;
    // The button goes; keys that scroll are for the lines.
    place.current?.focus({ preventScroll: true });
    if (lock?.on.value === true) lock.scrolled(label, undefined);
  };
  useEffect(
    () =>
      lock?.follows.subscribe((by) => {
        if (lock.on.peek() && by !== undefined && by !== label) following.value = true;
      }),
    [lock],
  );

  const unseen = following.value ? 0 : lines.length - 1 - lines.findLastIndex((line) => keyOf(line) === seen.current);
  const marker = lock?.marker.value;
  const markAfter = marker === undefined ? -2 : lines.findLastIndex((line) => Date.parse(line.at) <= marker);
  return (
    <div class="log">
      <div
        ref={place}
        class="lines"
        role="log"
        aria-live="off"
        aria-label={label}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={(event) => event.key === 'End' && follow()}
      >
        {log.leftOut > 0 && (
          <p class="muted note">{count(log.leftOut)} left out: older, or too fast. The file has all.</p>
        )}
        {lines.length === 0 && (
          <p class="muted note">
            {!log.begun ? 'Waiting …' : log.lines.length === 0 ? 'No lines yet.' : 'No line matches.'}
          </p>
        )}
        {marker !== undefined && markAfter === -1 && <hr class="marker" />}
        {lines.map((line, index) => (
          <Line key={keyOf(line)} line={line} marked={index === markAfter} lock={lock} />
        ))}
      </div>
      {!following.value && (
        <button
          type="button"
          class="follow primary"
          onClick={follow}
          data-tip="Go to the newest line, and stay there (End)"
        >
          {unseen > 0 ? `${count(unseen)} new` : 'Follow'} ↓
        </button>
      )}
    </div>
  );
}

const Line = memo(function Line(props: { line: LogLine; marked: boolean; lock: TimeLock | undefined }) {
  const { line, marked, lock } = props;
  const at = new Date(line.at);
  const tone = line.level === 'error' || line.level === 'fatal' ? 'bad' : line.level === 'warn' ? 'warn' : '';
  return (
    <>
      <p class={`line ${tone}`} data-at={at.getTime()}>
        {lock === undefined ? (
          <time dateTime={line.at}>{fineTime(at)}</time>
        ) : (
          <button
            type="button"
            class="time"
            data-tip="Draw the marker line here, in both logs"
            onClick={() => (lock.marker.value = lock.marker.peek() === at.getTime() ? undefined : at.getTime())}
          >
            {fineTime(at)}
          </button>
        )}{' '}
        <span class="level">{line.level}</span> <span class="message">{line.message}</span>{' '}
        <span class="fields">{fieldsText(line)}</span>
      </p>
      {marked && <hr class="marker" />}
    </>
  );
});

const timeOf = ({ dataset }: HTMLElement): number => Number(dataset['at']);

/** The first line that is so, where all below it are, too: a log has thousands of lines, and each scroll asks for one. */
function firstLine(log: Element, isSo: (line: HTMLElement) => boolean): HTMLElement | undefined {
  const lines = log.getElementsByClassName('line') as HTMLCollectionOf<HTMLElement>;
  let [from, to] = [0, lines.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isSo(lines[middle] as HTMLElement)) to = middle;
    else from = middle + 1;
  }
  return lines[from];
}

function timeAtTop(log: Element): number | undefined {
  const top = log.getBoundingClientRect().top;
  const line = firstLine(log, (each) => each.getBoundingClientRect().bottom > top);
  return line === undefined ? undefined : timeOf(line);
}

/** To the end, where all lines are older. Lines of several processes may be out of order by what their clocks differ. */
function scrollToTime(log: Element, time: number): void {
  const line = firstLine(log, (each) => timeOf(each) >= time);
  if (line === undefined) log.scrollTop = log.scrollHeight;
  else log.scrollTop += line.getBoundingClientRect().top - log.getBoundingClientRect().top;
}
