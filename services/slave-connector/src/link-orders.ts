import type { RtuLink } from './rtu-link.js';

/** What became of something that an operator wants of the link. */
export interface LinkOrder {
  readonly ok: boolean;
  /** What is done now, or why nothing is; for people. */
  readonly message: string;
}

type OrderedLink = Pick<RtuLink, 'isUp' | 'description' | 'close' | 'retrySoon' | 'useNextHost'>;

/** Closes the link to the RTU; it is opened again at once. Without one, the next attempt waits no longer. */
export function orderRestart(link: OrderedLink): LinkOrder {
  const { endpoint } = link.description;
  const { isUp } = link;
  link.close({ code: 'restart', message: 'restart asked for' });
  link.retrySoon();
  const done = isUp ? `the link to ${endpoint} is closed and opened anew` : `no link was up: ${endpoint} is tried now`;
  return { ok: true, message: done };
}

/** Goes on to the next host of the RTU. */
export function orderNextHost(link: OrderedLink): LinkOrder {
  const { endpoint } = link.description;
  if (!link.useNextHost({ code: 'next_host', message: 'the next host was asked for' })) {
    return { ok: false, message: `${endpoint} is the only host of this RTU` };
  }
  return { ok: true, message: `${endpoint} is left, the next host of the list is tried` };
}
