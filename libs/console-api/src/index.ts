/**
 * What the console's page and its server say to each other: types only, nothing of it is left in either.
 *
 * REST below `/api/v1`, JSON, described by `/api/v1/openapi.json`; each route says in its docstring which type it answers with.
 * Every error is ErrorAnswer. Times are ISO 8601 in UTC, what is unknown is null, counts are ASDUs unless said otherwise.
 */
export type * from './session.js';
export type * from './overview.js';
export type * from './stream.js';
export type * from './records.js';
export type * from './edit.js';
export type * from './system.js';
export type {
  GatewayStatus,
  GroupStatus,
  MasterStatus,
  NtpStatus,
  ProcessStatus,
  RtuState,
  TroubleStatus,
} from '@iec104mm2ss/observability/status';
export type * from './simulator.js';
