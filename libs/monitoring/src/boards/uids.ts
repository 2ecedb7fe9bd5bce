/** In the addresses of the boards; links and bookmarks have them, so they never change. */
export const FLEET_UID = 'mm2ss-fleet';
export const GROUP_UID = 'mm2ss-group';

/** Which system: a Prometheus may have several. */
export const JOB_VARIABLE = { name: 'job', label: 'System', query: 'label_values(mm2ss_build_info, job)' } as const;
export const JOB = '$job';

/** What Prometheus itself keeps of the alerts of this product. */
export const FIRING = `ALERTS{product="mm2ss", alertstate="firing", job=~"${JOB}|"}`;

/** The group by its name in the list, by its id in the queries and in the address. */
export const GROUP_VARIABLE = {
  name: 'group',
  label: 'Group',
  query: 'query_result(max by (group, name) (mm2ss_group_info{job="$job"}))',
  // Grafana writes an answer as {group="7",name="RTU "North""} 1 1700000000000: what is in the name is not escaped.
  regex: '/{group="(?<value>[^"]*)",name="(?<text>.*)"}/',
} as const;
export const OF_GROUP = { job: JOB, group: '$group' } as const;
