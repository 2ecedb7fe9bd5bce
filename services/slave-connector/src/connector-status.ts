import { type GroupContribution, troubleOf } from '@iec104mm2ss/observability';
import type { GroupConnector } from './group-connector.js';

/** What a connector knows of its group; what it does not know (yet) is left out. */
export function connectorContribution(
  connector: GroupConnector,
  fromRtuPerSecond: number | undefined,
): GroupContribution {
  const { id, buffsize } = connector.config;
  const { counters, logTrouble: trouble } = connector;
  const { next, confirmed, unconfirmed, full, fullTimes } = connector.logStatus();
  return {
    id,
    ack: connector.ack,
    trouble: trouble === undefined ? [] : [troubleOf('event log', trouble)],
    rtu: connector.status(),
    log: {
      capacity: buffsize,
      full,
      ...(next === undefined ? {} : { next }),
      ...(confirmed === undefined ? {} : { confirmed }),
      ...(unconfirmed === undefined ? {} : { unconfirmed }),
    },
    rates: { fromRtuPerSecond },
    counters: {
      receivedFromRtu: counters.received,
      commandsSent: counters.commandsSent,
      commandsNotSent: counters.commandsRefused,
      commandsWithdrawn: counters.commandsWithdrawn,
      rtuLinkFailures: counters.linkFailures,
      rtuPathResets: counters.pathResets,
      forcedAcknowledgements: counters.forcedAcknowledgements,
      repeatedByRtu: counters.repeated,
      lostByLog: counters.lostByLog,
      logFull: fullTimes,
    },
  };
}
