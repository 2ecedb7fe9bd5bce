import type { GroupConfig } from '@iec104mm2ss/config';

/** A group that no connector serves, and a master that never comes. */
const OTHER_GROUP = '9';
const OTHER_MASTER = 'Z';
const LEAST_BUFFSIZE = 50;

type Change = (config: GroupConfig) => GroupConfig;

/** What somebody may change of a group without saying that masters are to lose anything. */
const CHANGES: readonly Change[] = [
  (config) => ({ ...config, buffsize: config.buffsize > LEAST_BUFFSIZE ? LEAST_BUFFSIZE : 1_000 }),
  (config) => ({ ...config, maxConnections: config.maxConnections + 1 }),
  (config) => ({ ...config, decoded: !config.decoded }),
  (config) => {
    const masters = config.masters.filter(({ name }) => name !== OTHER_MASTER);
    const isNew = masters.length === config.masters.length;
    const source = { text: '10.99.0.1', cidr: '10.99.0.1/32', contains: (address: string) => address === '10.99.0.1' };
    const other = { name: OTHER_MASTER, sources: [source], certificateNames: [] };
    return { ...config, masters: isNew ? [...masters, other] : masters };
  },
];

const OTHER_HOST = { host: '10.0.99.99', port: 2404 };

/** What is applied while the processes run may be more: a change of these has the group begin anew, in part. */
const LIVE_CHANGES: readonly Change[] = [
  ...CHANGES,
  (config) => ({ ...config, name: `${config.name}*`.slice(-16) }),
  (config) => ({ ...config, t3Ms: config.t3Ms === 20_000 ? 21_000 : 20_000 }),
  (config) => {
    const hosts = config.hosts.filter(({ host }) => host !== OTHER_HOST.host);
    return { ...config, hosts: hosts.length < config.hosts.length ? hosts : [...hosts, OTHER_HOST] };
  },
  (config) => ({ ...config, logEvents: !config.logEvents }),
];

/** The configuration with one change in a group, or with one group more or less. */
export function changed(
  configs: readonly GroupConfig[],
  group: string,
  value: number,
  changes = CHANGES,
): readonly GroupConfig[] {
  const change = changes[value % (changes.length + 1)];
  if (change !== undefined) return configs.map((config) => (config.id === group ? change(config) : config));
  const others = configs.filter(({ id }) => id !== OTHER_GROUP);
  if (others.length < configs.length) return others;
  const like = configs[0] as GroupConfig;
  const number = Number(OTHER_GROUP);
  const hosts = [{ host: `10.0.${OTHER_GROUP}.1`, port: 2404 }];
  return [
    ...configs,
    { ...like, id: OTHER_GROUP, row: number, port: 2_500 + number, rtuNumber: number, hosts, masters: [] },
  ];
}

/** As `changed`, for processes that run: some of these have the group begin anew. */
export function changedLive(configs: readonly GroupConfig[], group: string, value: number): readonly GroupConfig[] {
  return changed(configs, group, value, LIVE_CHANGES);
}
