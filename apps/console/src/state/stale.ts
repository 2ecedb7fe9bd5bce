/** Whether what is shown may be another way by now. */
import { connection } from '../api/stream.js';
import { summary } from './fleet.js';

/** The stream is down, or the console itself cannot tell how things are. */
export const isStale = (): boolean =>
  connection.value.phase === 'down' || (summary.value !== undefined && summary.value.stale !== null);
