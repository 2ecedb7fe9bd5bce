export * from './connection.js';
export * from './peer-bounds.js';
export * from './deadline-scheduler.js';
export { newLinkFigures } from './link-figures.js';
export * from './tap.js';
