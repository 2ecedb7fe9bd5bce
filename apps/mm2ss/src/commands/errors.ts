/** What the user asked for cannot be done as asked; the message says why. Exit code 1, no stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
