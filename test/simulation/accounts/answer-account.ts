import { COT_CAUSE_MASK } from '@iec104mm2ss/iec104';
import type { CommandBook, GivenCommand } from './command-book.ts';
import type { Ledger } from './ledger.ts';
import type { Violations } from './violations.ts';

const CAUSE_OFFSET = 2;

/** At the end of a story: no answer of the RTU came more often to a master than the RTU has sent it. One station may answer for others. */
export function checkAnswers(book: CommandBook, ledgers: ReadonlyMap<string, Ledger>, violations: Violations): void {
  for (const command of book.all) {
    if (command.ambiguous || !book.isUnique(command)) continue;
    for (const cause of new Set(command.answersOfRtu)) {
      const came = command.answersOfRtu.filter((each) => each === cause).length;
      const sent = sends(command, cause, ledgers.get(command.group) as Ledger);
      if (sent > 0 && came > sent)
        violations.add(
          'answer',
          `${command.master} got answer ${cause} to c${command.id} ${came} times, sent ${sent} times`,
        );
    }
  }
}

function sends({ id }: GivenCommand, cause: number, { entries }: Ledger): number {
  return entries
    .filter(({ command, kind }) => command === id && kind === 'answer')
    .filter(({ key }) => (key.charCodeAt(CAUSE_OFFSET) & COT_CAUSE_MASK) === cause)
    .reduce((sum, entry) => sum + entry.sends, 0);
}
