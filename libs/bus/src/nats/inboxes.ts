import { randomBytes } from 'node:crypto';

const INBOX = '_INBOX';
const TOKEN_OCTETS = 16;

/** Nobody who knows one guesses the next: the client's own tokens count up. */
const inbox = (prefix: string): string => `${prefix}.${randomBytes(TOKEN_OCTETS).toString('base64url')}`;

/**
 * Where answers come to a process that has a name: nobody else may subscribe there. Answers of other processes come below
 * `ask`, those of the server beside it, so that who may answer the one cannot forge the other.
 */
export const inboxPrefix = (name: string): string => `${INBOX}.${name}`;

/** For answers of the server. */
export const serverInbox = (name: string | undefined): string => inbox(name === undefined ? INBOX : inboxPrefix(name));

/** All for answers of other processes: of everybody with the same name, or where there are no names of this process. */
export const askInboxes = (name: string | undefined): string =>
  name === undefined ? `${inbox(INBOX)}.*` : `${inboxPrefix(name)}.ask.*`;

/** A new one of them. Its last token is all that keeps others from answering in another one's place. */
export const newAskInbox = (inboxes: string): string => inbox(inboxes.slice(0, -'.*'.length));

/** What everybody who answers others may publish to. */
export const ALL_ASK_INBOXES = askInboxes('*');

/** Whether it is an inbox for answers of a process that has a name: who asks may name any subject. */
export const isAskInbox = (subject: string): boolean => /^_INBOX\.[^.]+\.ask\.[^.]+$/.test(subject);
