/** From a configuration file to the values of the Helm chart, and what a new file changes on the cluster. Pure. */
export { carriedText, notCarried } from './carried-text.js';
export { chartDiff } from './chart-diff.js';
export type { ChartDiff, MovedRtu, Packing, PodChange, PolicyChange, PortChange, SecretChange } from './chart-diff.js';
export { connectorPod, connectorPods } from './connector-pods.js';
export { chartValues, FROM_FILE, groupValues } from './values.js';
export type { ChartValues, GroupValues, HostValues, SkippedRow } from './values.js';
export { isPlainKey, type YamlObject, yamlText, type YamlValue } from './yaml-text.js';
