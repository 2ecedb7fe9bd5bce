/** From a configuration file to the values of the Helm chart, and what a new file changes on the cluster. Pure. */
export { chartValues, groupValues } from './values.js';
export type { ChartValues, GroupValues, HostValues, SkippedRow } from './values.js';
export { yamlText, type YamlValue } from './yaml-text.js';
