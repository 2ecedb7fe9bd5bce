/** What the user asked for cannot be done as asked; the message says why. Exit code 2, no stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It was asked for in the right way, but cannot be had: a server, a feed, a file. Exit code 1, no stack trace. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
