export * from './connection.js';
export * from './deadline-scheduler.js';
