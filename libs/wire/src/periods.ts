/**
 * Periods that more than one process counts with, in milliseconds. A loss cannot be told from the time between two signs
 * of life, so whoever waits for one adds its period.
 */

/** A connector states its link at least this often. */
export const STATE_PERIOD_MS = 2_000;
/** A router states that it owns a group, and what it wants, at least this often. */
export const OWNER_PERIOD_MS = 1_000;
/** A gateway states its sessions of a group at least this often while it has any, or has had one recently. */
export const STATEMENT_PERIOD_MS = 2_000;
/** A session that its gateway has not stated for this long is over. */
export const UNSTATED_MS = 5_000;
/** An admitted session that its gateway has never stated is over after this long. */
export const PROVISIONAL_MS = 5_000;
/** How long a new owner of a group waits for the gateways to state their sessions before it opens the group. */
export const TAKEOVER_MS = 250;
/** A router that has not been heard for this long is not counted on: no listener is opened. */
export const OWNER_SILENCE_MS = 2_500;
/** A command must have been sent to the RTU this long after it came from the master. */
export const COMMAND_DEADLINE_MS = 5_000;
/** How long the RTU may take to answer TESTFR act after a command was not known to have arrived at its deadline. */
export const PATH_TEST_MS = 2_000;
/** How long a connector remembers what it sent, and an OA rests after its session: answers may come so late. */
export const SENT_REMEMBERED_MS = 60_000;
/** When the RTU is lost, its masters get what was received from it for up to this long. */
export const LAST_EVENTS_MS = 1_000;
/** Commands that a statement lists of one session. */
export const MAX_STATED_COMMANDS = 200;
/** How often a member of a pool says that it lives, and after which silence it counts as gone. */
export const BEACON_MS = 300;
export const SILENCE_MS = 1_500;
