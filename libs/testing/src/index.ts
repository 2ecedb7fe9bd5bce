/** Fakes and builders for specs. */
export * from './asdus.js';
export * from './bus-contract.js';
export * from './fake-clock.js';
export * from './group-config.js';
export * from './recording-bus.js';
export * from './until.js';
