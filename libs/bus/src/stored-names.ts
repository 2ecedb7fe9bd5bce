/** What is stored on the server: buckets, and the streams behind logs and journals. */

/** Bucket of the leases. */
export const LEASE_BUCKET = 'iec104_leases';
/** Bucket of what survives the router of a group. */
export const STATE_BUCKET = 'iec104_state';
/** Bucket of the few values that outlive the process also where there is no server: then they are in files. */
export const KEPT_BUCKET = 'iec104_kept';
/** Journal of the commands. */
export const AUDIT_JOURNAL = 'audit';

/** Stream of a group's event log. */
export const logStreamName = (group: string): string => `IEC104_LOG_${group}`;
export const isLogStream = (stream: string): boolean => stream.startsWith(logStreamName(''));
/** Stream of a journal. */
export const journalStreamName = (journal: string): string => `IEC104_${journal.toUpperCase()}`;
/** Stream that JetStream keeps a bucket in, and the subject of a key of it. */
export const bucketStreamName = (bucket: string): string => `KV_${bucket}`;
export const bucketSubject = (bucket: string, key: string): string => `$KV.${bucket}.${key}`;
