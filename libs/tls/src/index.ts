export * from './types.js';
export { openTlsStore, type OpenTlsStore, type TlsStoreOptions } from './open.js';
