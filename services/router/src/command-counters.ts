import type { NotForwardedReason } from '@iec104mm2ss/observability';

/** Running totals of one group. */
export interface CommandCounters {
  commands: number;
  /** Answered with P/N = 1 by the router. */
  commandsRefused: number;
  unmatchedAnswers: number;
  /** ASDUs of the RTU that nobody got; `dealt_with_before`: an earlier owner of the group has decided that. */
  readonly notForwarded: Record<NotForwardedReason, number>;
  /** Commands of which nobody knows whether the RTU got them, or what it made of them. */
  commandsUnknown: number;
  /** Commands that a gateway stated and that had not come: their message was lost. */
  commandsLost: number;
  /** Audit records that were dropped because they could not be stored for too long. */
  auditDropped: number;
}

export function newCommandCounters(): CommandCounters {
  return {
    commands: 0,
    commandsRefused: 0,
    unmatchedAnswers: 0,
    notForwarded: {
      no_command: 0,
      several_masters: 0,
      passed_on_before: 0,
      master_left: 0,
      initialization: 0,
      dealt_with_before: 0,
    },
    commandsUnknown: 0,
    commandsLost: 0,
    auditDropped: 0,
  };
}
