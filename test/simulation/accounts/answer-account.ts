import { describe, requestKey } from './asdu-key.ts';
import type { AnswerOfRtu, CommandBook, GivenCommand } from './command-book.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Ledger } from './ledger.ts';
import type { Violations } from './violations.ts';

/**
 * At the end of a story: no answer of the RTU came more often to a master than the RTU has sent it. Counted by what the answers
 * look like: which of its commands a master takes one for is its own guess, as where one station answers for others.
 */
export function checkAnswers(
  book: CommandBook,
  ledgers: ReadonlyMap<string, Ledger>,
  violations: Violations,
  faults: Pick<FaultsLog, 'of'>,
): void {
  for (const answer of book.answersOfRtu.values()) {
    const { group, master, key, asdu, cameAt } = answer;
    const came = cameAt.length;
    const entries = (ledgers.get(group)?.all(key) ?? []).filter(({ kind }) => kind === 'answer');
    // Those of another master, or of nobody knows which one, may have been taken for it.
    const isItsOwn = (command: GivenCommand | undefined): boolean => command?.master === master && !command.ambiguous;
    if (!entries.every(({ command = -1 }) => isItsOwn(book.get(command)))) continue;
    const sent = entries.reduce((sum, { sends }) => sum + sends, 0);
    if (came > sent + refusals(answer, book) && (process.env.NOEXC === '1' || !mayComeAgain(answer, faults.of(group))))
      violations.add('answer', `${master} got an answer ${came} times, sent ${sent} times: ${describe(asdu)}`);
  }
}

const ROUTER_LOST = ['router crashed', 'router paused', 'router restarted'];
/** After these the connector may have appended again what its log has: in a generation that it begins anew. */
const LOG_WRITTEN_ANEW = [
  ...['connector crashed', 'connector paused', 'connector restarted', 'messages lost'],
  ...['bus connection lost', 'bus unreachable', 'bus stops', 'bus server stops', 'bus leader lost'],
  ...['disk slow', 'power lost', 'store lost', 'store restored'],
];
/** What the log has not confirmed in time is appended again so much later. */
const APPENDED_AGAIN_MS = 5_000;

/**
 * A router was lost in between, and the log was written anew: a master's place in the log that was tells the next router nothing,
 * so its own answers come once more, as events do.
 */
function mayComeAgain({ cameAt }: AnswerOfRtu, faults: Pick<FaultsLog, 'between'>): boolean {
  const [first = 0] = cameAt;
  const last = cameAt.at(-1) ?? first;
  return faults.between(first, last, ROUTER_LOST) && faults.between(first - APPENDED_AGAIN_MS, last, LOG_WRITTEN_ANEW);
}

/** Of its commands like this: what the product refused looks like a refusal of the RTU. It has not come there. */
function refusals({ group, master, asdu }: AnswerOfRtu, { all }: CommandBook): number {
  const isLike = (command: GivenCommand): boolean => requestKey(command.asdu) === requestKey(asdu);
  return all.filter(
    (command) =>
      command.group === group && command.master === master && command.arrivedAt.length === 0 && isLike(command),
  ).length;
}
