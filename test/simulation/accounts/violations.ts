import type { World } from '../world/world.ts';

/** The rules that are checked throughout, by the words of a failing story. */
export const RULES = {
  lost: 'no event is lost to everybody',
  gap: 'each started and each named master gets every event, in order, or is told',
  repeat: 'only what was unacknowledged at a fault is repeated',
  answer: 'no answer reaches another master',
  late: 'no command is executed after its deadline',
  twice: 'no command is executed twice',
  unknownCommand: 'the RTU gets only what a master sent',
  select: 'no command is executed without owning its select',
  refusal: 'a refused command is not executed',
  reason: 'a command is refused only for a reason',
  rights: 'no command without a right, or in observe mode, reaches the RTU; its master is told',
  forbidden: 'what the standard does not allow never reaches the RTU',
  disconnect: 'a master is disconnected only for a reason',
  silence: 'masters are not without events for long when a router is lost',
  link: 'at most one link to an RTU is in use',
  originator: 'an OA has one holder until the RTU can no longer answer it',
  audit: 'each command has one audit record',
  recovery: 'everything works again after the last fault',
  leftover: 'nothing is left over',
  uncaught: 'no error goes uncaught',
  deterministic: 'a seed always tells the same story',
} as const;
export type Rule = keyof typeof RULES;

export interface Violation {
  readonly at: number;
  readonly rule: Rule;
  readonly detail: string;
}

/** More of one rule in one run say nothing new. */
const MOST_OF_A_RULE = 5;

/** What went wrong in one run. */
export class Violations {
  readonly all: Violation[] = [];

  constructor(private readonly world: World) {}

  add(rule: Rule, detail: string): void {
    if (this.all.filter((other) => other.rule === rule).length >= MOST_OF_A_RULE) return;
    this.all.push({ at: this.world.time, rule, detail });
    this.world.tell('ACCOUNT', `${rule}: ${detail}`);
  }
}
