/** How the command ends; docs/command-line.md has the table. 0: all is well, or it ended as it was told to. */

/** It failed while it ran, or what it looked at is at fault. */
export const EXIT_FAILED = 1;
/** It was called in a wrong way, or its configuration cannot be loaded. */
export const EXIT_USAGE = 2;
/** `simulate master`: what was asked of the RTU was refused, or not answered. */
export const EXIT_REFUSED = 3;
/** A second signal ended it without a clean shutdown: what a shell says of a program that a signal has killed. */
export const EXIT_SECOND_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;
