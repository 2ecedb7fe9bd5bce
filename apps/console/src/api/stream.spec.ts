/** The one stream of a tab, with a browser's EventSource that is told what to do. */
import type { StreamEvents } from '@iec104mm2ss/console-api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const SECOND = 1_000;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

class FakeEventSource extends EventTarget {
  static readonly CLOSED = CLOSED;
  static readonly CONNECTING = CONNECTING;
  static all: FakeEventSource[] = [];
  readyState = CONNECTING;
  readonly query: Record<string, string>;

  constructor(readonly url: string) {
    super();
    this.query = Object.fromEntries(new URL(url, 'http://console/').searchParams);
    FakeEventSource.all.push(this);
  }

  close(): void {
    this.readyState = CLOSED;
  }

  /** An event of the server. */
  says<Name extends keyof StreamEvents>(name: Name, data: Partial<StreamEvents[Name]>, lastEventId = ''): void {
    this.readyState = OPEN;
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }

  /** `CONNECTING`: nobody answered, and a browser tries again by itself. `CLOSED`: the answer was no stream. */
  fails(readyState: typeof CONNECTING | typeof CLOSED): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

const sources = (): FakeEventSource[] => FakeEventSource.all;
const newest = (): FakeEventSource => sources().at(-1) as FakeEventSource;
const open = (): FakeEventSource[] => sources().filter(({ readyState }) => readyState !== CLOSED);

const page = Object.assign(new EventTarget(), { hidden: false });
function see(isSeen: boolean): void {
  page.hidden = !isSeen;
  page.dispatchEvent(new Event('visibilitychange'));
}

/** The page's modules, as they are when it has been loaded. */
async function started() {
  vi.resetModules();
  const stream = await import('./stream.js');
  const { denial, denialOf, whenDoubted } = await import('./denial.js');
  const doubts = vi.fn();
  whenDoubted(doubts);
  stream.startStream();
  stream.watchStream({}, {});
  await vi.advanceTimersByTimeAsync(100);
  return { ...stream, denial, denialOf, doubts };
}

beforeEach(() => {
  FakeEventSource.all = [];
  page.hidden = false;
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeEventSource);
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the stream of a tab', () => {
  it('is one for all that its views look at, and is opened anew for another view where it was', async () => {
    const { watchStream } = await started();
    expect(sources().map(({ query }) => query)).toEqual([{}]);
    newest().says('overview', {}, '7.1');
    newest().says('delta', {}, '7.2');
    const [old] = sources();
    const ends = [watchStream({ logs: '1' }, {}), watchStream({ logs: '2', changes: '1' }, {})];
    await vi.advanceTimersByTimeAsync(100);
    expect(sources()).toHaveLength(2);
    expect(newest().query).toEqual({ last: '7.2', logs: '1,2', changes: '1' });
    expect(open()).toEqual([newest()]);
    // What was on its way to the old one is in the new one, too.
    old?.says('delta', {}, '7.9');
    ends.forEach((end) => end());
    await vi.advanceTimersByTimeAsync(100);
    expect(newest().query).toEqual({ last: '7.2' });
  });

  it('hands what comes to whoever looks, and nothing of a stream that it has left', async () => {
    const { watchStream, looks } = await started();
    const told: unknown[] = [];
    const end = watchStream({ logs: '1' }, { log: (event) => told.push(event), overview: () => told.push('all') });
    await vi.advanceTimersByTimeAsync(100);
    const [left, current] = sources();
    left?.says('log', { group: '1', lines: [] });
    expect(told).toEqual([]);
    current?.says('looks', { live: true, refused: [] });
    expect(looks.value.live).toBe(true);
    // The server does not know any more where the tab was: it gets all of it.
    current?.says('overview', { rows: [] }, '8.1');
    current?.says('log', { group: '1', lines: [] });
    expect(told).toEqual(['all', { group: '1', lines: [] }]);
    end();
    current?.says('log', { group: '1', lines: [] });
    expect(told).toHaveLength(2);
  });

  it('is not live for what a view has just begun to look at, though it was for the view before', async () => {
    const { watchStream, looks } = await started();
    newest().says('looks', { live: true, refused: [] });
    watchStream({ traffic: '1' }, {});
    expect(looks.value.live).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    newest().says('looks', { live: true, refused: [] });
    // Another view that wants the same changes nothing.
    watchStream({ traffic: '1' }, {});
    expect(looks.value.live).toBe(true);
  });

  it('is left to the browser while nobody answers, and says so until something comes', async () => {
    const { connection, doubts } = await started();
    newest().says('delta', {}, '7.2');
    expect(connection.value.phase).toBe('open');
    newest().fails(CONNECTING);
    expect(connection.value).toMatchObject({ phase: 'down', reason: 'The console does not answer.' });
    await vi.advanceTimersByTimeAsync(3 * SECOND);
    expect(sources()).toHaveLength(1);
    newest().says('delta', {}, '7.3');
    expect(connection.value).toMatchObject({ phase: 'open', reason: undefined });
    expect(doubts).not.toHaveBeenCalled();
  });

  it('is opened anew, where it was, when nothing was heard for a while', async () => {
    const { connection } = await started();
    newest().says('delta', {}, '7.2');
    await vi.advanceTimersByTimeAsync(11 * SECOND);
    expect(connection.value.phase).toBe('open');
    expect(sources()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(connection.value).toMatchObject({
      phase: 'down',
      reason: expect.stringMatching(/Nothing was heard/) as string,
    });
    expect(sources()).toHaveLength(2);
    expect(open()).toHaveLength(1);
    expect(newest().query).toEqual({ last: '7.2' });
  });

  it('is asked for again a while after it was refused, and who asks is doubted', async () => {
    const { connection, doubts } = await started();
    newest().says('delta', {}, '7.2');
    newest().fails(CLOSED);
    expect(connection.value.phase).toBe('down');
    expect(doubts).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1 * SECOND);
    expect(sources()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(sources().map(({ query }) => query)).toEqual([{}, { last: '7.2' }]);
  });

  it('is asked for again a while after the server ended it, and says why it did', async () => {
    const { connection, doubts } = await started();
    newest().says('bye', { reason: 'The console ends.' });
    expect(connection.value).toMatchObject({ phase: 'down', reason: 'The console ends.' });
    expect(doubts).toHaveBeenCalledTimes(1);
    expect(open()).toEqual([]);
    await vi.advanceTimersByTimeAsync(3 * SECOND);
    expect(open()).toHaveLength(1);
  });

  it.each([401, 403, 429])(
    'is not asked for while the console answers %i to who asks, and at once when that is over',
    async (status) => {
      const { connection, denial, denialOf } = await started();
      newest().says('delta', {}, '7.2');
      newest().fails(CLOSED);
      denial.value = denialOf(status, 'no', 30, Date.now());
      expect(connection.value).toMatchObject({ phase: 'down', reason: denial.value?.reason });
      await vi.advanceTimersByTimeAsync(60 * SECOND);
      see(false);
      see(true);
      expect(sources()).toHaveLength(1);
      denial.value = undefined;
      expect(sources().map(({ query }) => query)).toEqual([{}, { last: '7.2' }]);
    },
  );

  it('is given back by a tab that nobody sees, which looks in now and then, and is there when one looks', async () => {
    await started();
    newest().says('delta', {}, '7.2');
    see(false);
    await vi.advanceTimersByTimeAsync(6 * SECOND);
    newest().says('delta', {}, '7.3');
    expect(open()).toEqual([]);
    await vi.advanceTimersByTimeAsync(31 * SECOND);
    expect(open().map(({ query }) => query)).toEqual([{ last: '7.3' }]);
    newest().says('delta', {}, '7.4');
    expect(open()).toEqual([]);
    see(true);
    expect(open().map(({ query }) => query)).toEqual([{ last: '7.4' }]);
  });
});
