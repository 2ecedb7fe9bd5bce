/**
 * On a server with users each user has an account of its own (see auth/authorization-text.ts). What others say comes to it below
 * `from.<user>.`, what processes with the same key say as it is. The server puts the name there, so nobody speaks as another one.
 */
const FROM = 'from';

/** Before what one user says, in the accounts of others. */
export const heardFrom = (name: string): string => `${FROM}.${name}`;

/** Where a process that has a name hears a pattern from everybody else. */
export const heardFromAnybody = (pattern: string): string => `${heardFrom('*')}.${pattern}`;

/** Where it hears it from its equals, and from everybody else. */
export const hearings = (pattern: string): readonly string[] => [pattern, heardFromAnybody(pattern)];

/** What was said, whoever said it. */
export const saidOn = (subject: string): string =>
  subject.startsWith(`${FROM}.`) ? subject.slice(subject.indexOf('.', FROM.length + 1) + 1) : subject;
