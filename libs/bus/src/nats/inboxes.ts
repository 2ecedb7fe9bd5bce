import { createInbox } from '@nats-io/transport-node';

/**
 * Where answers come to a process that has a name: nobody else may subscribe there. Answers of other processes come below
 * `ask`, those of the server beside it, so that who may answer the one cannot forge the other.
 */
export const inboxPrefix = (name: string): string => `_INBOX.${name}`;

/** For answers of the server. */
export const serverInbox = (name: string | undefined): string =>
  createInbox(name === undefined ? undefined : inboxPrefix(name));

/** For answers of other processes. */
export const askInbox = (name: string | undefined): string =>
  createInbox(name === undefined ? undefined : `${inboxPrefix(name)}.ask`);

/** What everybody who answers others may publish to. */
export const ALL_ASK_INBOXES = '_INBOX.*.ask.*';
