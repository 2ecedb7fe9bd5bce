/**
 * Simulated stations: a controlled one (RTU) and a controlling one (master), for `mm2ss simulate`, the demo and tests.
 * Nothing here prints; everything is told by events, counters and promises.
 */
export { type BackOffOptions } from './master/back-off.js';
export { type CommandRequest, CommandSyntaxError, encodeCommand, parseCommand } from './master/command-request.js';
export type {
  CommandOptions,
  MasterCounts,
  MasterEvents,
  MasterOptions,
  RequestOptions,
  StationRequestOptions,
} from './master/master-options.js';
export { MasterSimulator } from './master/master-simulator.js';
export { ReceivedAsdu } from './master/received-asdu.js';
export type { Outcome } from './master/transactions.js';
export { DEFAULT_POINTS } from './points/default-points.js';
export { formatPoints } from './points/format-points.js';
export { parsePoints, POINT_COLUMNS } from './points/parse-points.js';
export { type CommandKind, type PointKind } from './points/point-kind.js';
export { type PointDefinition, PointListError, type PointProblem, type SelectPolicy } from './points/point.js';
export type { RtuConnection } from './rtu/rtu-connection.js';
export type { RtuCounts, RtuEvent, RtuEvents, RtuOptions, RtuRequest } from './rtu/rtu-options.js';
export { RtuSimulator } from './rtu/rtu-simulator.js';
export { describeAsdu } from './text/describe-asdu.js';
