import type { Flood, ReasonCounts, RtuEnd } from '@iec104mm2ss/observability';

/** Running totals of one group, read by metrics and status. */
export interface ConnectorCounters {
  /** ASDUs from the RTU. */
  received: number;
  commandsSent: number;
  /** Commands that the RTU did not get, withdrawn ones among them. */
  commandsRefused: number;
  /** Commands that waited here when another router took over. */
  commandsWithdrawn: number;
  connects: number;
  linkFailures: number;
  /** Of these, by the reason for which the connection ended. */
  readonly disconnects: ReasonCounts<RtuEnd>;
  /** Links that were reset because the RTU did not answer a test after a command. */
  pathResets: number;
  forcedAcknowledgements: number;
  /** ASDUs the RTU sent once more after its link broke, and that the log had. */
  repeated: number;
  /** ASDUs that looked like a repetition at first and were new. */
  heldRepeats: number;
  /** ASDUs that were acknowledged to the RTU, and that the log lost afterwards. */
  lostByLog: number;
  /** Links that were closed as the RTU sent too much that brings nothing, by reason. */
  readonly floods: ReasonCounts<Flood>;
}

export function newCounters(): ConnectorCounters {
  return {
    received: 0,
    commandsSent: 0,
    commandsRefused: 0,
    commandsWithdrawn: 0,
    connects: 0,
    linkFailures: 0,
    disconnects: {},
    pathResets: 0,
    forcedAcknowledgements: 0,
    repeated: 0,
    heldRepeats: 0,
    lostByLog: 0,
    floods: {},
  };
}
