import { Likeness, typeName } from '@iec104mm2ss/iec104';
import type { RtuHabitsStatus } from '@iec104mm2ss/observability';
import { FREEZE_KIND, type RtuHabits, SELECTED_KIND } from './rtu-habits.js';

/** What is known of how an RTU answers, for people. */
export function habitsStatus({ oa, saved }: RtuHabits): RtuHabitsStatus {
  const { terminating, unconfirmed, alters, slowestMs } = saved;
  const ending = (terminates: boolean): string[] =>
    terminating.filter(([, known]) => known === terminates).map(([kind]) => kindName(kind));
  const altering = (likeness: Likeness): string[] =>
    alters.filter(([, known]) => known === likeness).map(([typeId]) => typeName(typeId));
  return {
    originatorAddress: oa.behaviour,
    terminates: ending(true),
    doesNotTerminate: ending(false),
    doesNotConfirm: unconfirmed.map(typeName),
    altersQualifier: altering(Likeness.OTHER_QUALIFIER),
    altersValue: altering(Likeness.OTHER_VALUE),
    slowestAnswerMs: slowestMs,
  };
}

function kindName(kind: number): string {
  if (kind > SELECTED_KIND) return `${typeName(kind - SELECTED_KIND)} selected`;
  return kind > FREEZE_KIND ? `${typeName(kind - FREEZE_KIND)} freeze` : typeName(kind);
}
