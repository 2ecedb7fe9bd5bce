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
export { type CommandKind, type PointKind, whyNoValue } from './points/point-kind.js';
export {
  type CommandDefinition,
  type PointDefinition,
  PointListError,
  type PointProblem,
  type SelectPolicy,
} from './points/point.js';
export { parseQuality, qualityText } from './points/quality.js';
export { type FleetOptions, RtuFleet, type SendOutcomes } from './fleet/fleet.js';
export type { RunOutcome } from './fleet/index-run.js';
export type { Station } from './fleet/station.js';
export { csvLine, linesOf, LOG_HEADER, type LogEntry, type LogLine, type LogSink } from './fleet/station-log.js';
export { type IoFile, type SignalRow } from './rtu-files/io-file.js';
export { type FileReport, type LoadedStations, loadStations, readText, SimulatorFileError } from './rtu-files/load.js';
export {
  LOAD_PROFILE_FORMS,
  type LoadProfile,
  LoadProfileError,
  MOST_EVENTS,
  parseLoadProfile,
} from './load/load-profile.js';
export { changedFaults, type FaultChanges, NO_FAULTS, type RtuFaults } from './rtu/faults.js';
export type { RtuConnection } from './rtu/rtu-connection.js';
export type { RtuCounts, RtuEvent, RtuEvents, RtuOptions, RtuRequest } from './rtu/rtu-options.js';
export type { EventOptions } from './rtu/process-image.js';
export { RtuSimulator } from './rtu/rtu-simulator.js';
export { describeAsdu } from './text/describe-asdu.js';
export { faultsSchema, loadSchema, pointSchema, sendSchema, stopSchema } from './scenario/shapes.js';
export { parseScenario, type Scenario, ScenarioError } from './scenario/scenario.js';
export { junitReport } from './scenario/junit.js';
export { type ScenarioResult, type ScenarioSurroundings, runScenario, type StepResult } from './scenario/run.js';
export { type CapturedRtu, capturedRtus, type CapturedRtus } from './replay/captured-rtus.js';
export { CaptureError } from './replay/packets.js';
export { eventsOnly, replay } from './replay/replay.js';
export {
  checkMaster,
  checkStation,
  type ConformanceOptions,
  type ConformanceResult,
  type MasterConformanceOptions,
} from './conformance/conformance.js';
