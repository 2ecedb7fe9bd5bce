/**
 * The pods of the connectors, each with the ids of the groups in it, by the name of its Deployment (behind that of the release) and
 * of its NATS user: `connector-7`, or with several groups in a pod `connector-100-149`, where a range begins at a multiple of its
 * length and holds groups that come later as well.
 *
 * @param ids as in GroupConfig.id: digits, without leading zeros
 */
export function connectorPods(ids: readonly string[], groupsPerPod: number): ReadonlyMap<string, readonly string[]> {
  const pods = new Map<string, string[]>();
  for (const id of ids) {
    const name = connectorPod(id, groupsPerPod);
    const pod = pods.get(name);
    if (pod === undefined) pods.set(name, [id]);
    else pod.push(id);
  }
  return pods;
}

/** The pod that has a group. */
export function connectorPod(id: string, groupsPerPod: number): string {
  if (groupsPerPod === 1) return `connector-${id}`;
  const first = Math.floor(Number(id) / groupsPerPod) * groupsPerPod;
  return `connector-${first}-${first + groupsPerPod - 1}`;
}
