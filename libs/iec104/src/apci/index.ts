export * from './apci.js';
export * from './framer.js';
