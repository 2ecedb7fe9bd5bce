/** The multiplexer's configuration: the manual's CSV and the process environment, validated into plain records. */
export { readEnvironment, EnvironmentError, LOG_LEVELS } from './environment.js';
export type { SyslogTarget } from './syslog-target.js';
export type { Environment, EnvironmentFlags, EnvironmentIssue, LogLevel } from './environment.js';
export { GroupSelection, GroupSelectionError } from './group-selection.js';
export { parseConfiguration } from './parse-configuration.js';
export {
  ConfigError,
  configurationFile,
  digestOf,
  readAgain,
  readConfiguration,
  readConfigurationFile,
} from './read-configuration.js';
export type { ConfigErrorCode, ConfigurationFile } from './read-configuration.js';
export { peerText, plainAddress } from './address-text.js';
export { commentRows } from './comment-rows.js';
export { type CsvRow, csvRows } from './csv-rows.js';
export { configurationText, type DecodedFile, decodeFile } from './file-encoding.js';
export { isHostname } from './endpoints.js';
export { csvCell } from './csv-cell.js';
export { digitsOf } from './integer-cell.js';
export { privilegedPortRemark } from './privileged-port.js';
export { hasControls, LONGEST_NAME_CHARACTERS, readSystemName, withoutControls } from './system-name.js';
export { ackPolicy, reportGapMs } from './ack-policy.js';
export { repeatableAsdus } from './repeatable-asdus.js';
export { nearestNames } from './nearest-name.js';
export {
  anewText,
  beginsAnew,
  byId,
  changedColumns,
  fullEffect,
  groupChanges,
  newFaults,
  partChanges,
} from './changes.js';
export type { ChangeEffect, EndedGroup, GroupChange, GroupChanges, Part, PartChanges } from './changes.js';
export { COLUMN_HELP, type ColumnHelp } from './edit/columns.js';
export { type EditedFile, editRow, type FileRow, readRow } from './edit/edit-row.js';
export type { ColumnName } from './layout.js';
export { type ConfigurationSource, GROUPS, LiveGroups } from './live-groups.js';
export {
  DEFAULT_LIMITS,
  type LimitName,
  LIMITS,
  type Limits,
  limitsTable,
  peerLimits,
  PROCESS_LIMITS,
} from './limits.js';
export { masterOf, nameNow, unclearMaster } from './master-of.js';
export { clockText, type ClockSetting } from './clock-cell.js';
export { NO_OBSERVE, observeText, type ObserveSetting } from './observe-cell.js';
export { sharesSource, unnamedMasters } from './named-masters.js';
export { parsePeerNames, peerNameKey } from './peer-names.js';
export * from './rights.js';
export { matchesAny, normalAddress, parseSourceRanges } from './source-range.js';
export { clientNames, needsTls } from './tls-columns.js';
export type {
  AckPolicy,
  Configuration,
  Endpoint,
  FileForm,
  GeneralSettings,
  GroupConfig,
  LinkConstants,
  NamedMaster,
  PeerName,
  Problem,
  SameIpPolicy,
  SourceRange,
  TlsProfile,
} from './types.js';
