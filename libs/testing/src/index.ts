/** Fakes and builders for specs. */
export * from './asdus.js';
export * from './bus-contract.js';
export * from './certificate-authority.js';
export * from './fake-broker.js';
export * from './fake-clock.js';
export * from './fake-connector.js';
export * from './fake-gateway.js';
export * from './fake-master.js';
export * from './fake-log.js';
export * from './fake-network.js';
export * from './fake-rtu.js';
export * from './garbage.js';
export * from './group-config.js';
export * from './recording-bus.js';
export * from './until.js';
export * from './syslog-receiver.js';
export * from './tls-folder.js';
