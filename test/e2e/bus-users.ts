/**
 * The users of a test's NATS server, as `mm2ss nats-auth` makes them, and one more who may do everything: what is to be seen, and
 * what is to be spoilt, is by no part of the system.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authorizationText,
  type BusUser,
  instancePrefix,
  NatsBus,
  type NatsOptions,
  newSeed,
  nkeyFileText,
  permissionsOf,
  publicKeyOf,
  setUpNats,
} from '@iec104mm2ss/bus';
import { AUDIT_LIMITS } from '@iec104mm2ss/router';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';

const ADMIN = 'admin';

export interface BusUsersOptions {
  /** Groups of each connector process; default: a user for each group. */
  readonly selection?: readonly string[] | undefined;
  readonly httpControl?: boolean | undefined;
  /** Default: gateway1 to gateway3, for all groups. */
  readonly gateways?: readonly BusUser[];
}

const GATEWAYS = ['gateway1', 'gateway2', 'gateway3'].map((name): BusUser => ({ name, role: 'gateway' }));

/** What somebody in another account says, as mm2ss nats-auth has it. */
const streamImport = (account: string, subject: string, name: string): string =>
  `{ stream: { account: "${account}", subject: "${subject}" }, prefix: "from.${name}" }`;

/** A bus without a name hears what users say as well. */
function hearFromUsers(bus: NatsBus): void {
  const subscribe = bus.subscribe.bind(bus);
  bus.subscribe = (pattern, handler) => {
    const own = subscribe(pattern, handler);
    const others = subscribe(`from.*.${pattern}`, (message) => {
      const { data } = message;
      const respond = message.respond.bind(message);
      handler({ subject: message.subject.split('.').slice(2).join('.'), data, respond });
    });
    return {
      unsubscribe: () => {
        own.unsubscribe();
        others.unsubscribe();
      },
    };
  };
}

export class BusUsers {
  private readonly seeds = new Map<string, string>();
  private readonly directory: string;
  private groups: readonly string[] = [];

  constructor(
    directory: string,
    private readonly options: BusUsersOptions = {},
  ) {
    this.directory = join(directory, 'keys');
    mkdirSync(this.directory, { recursive: true });
  }

  /** The file has these groups, or will have. Who is there stays. Returns what `mm2ss nats-auth` writes, and the admin. */
  authorization(added: readonly string[]): string {
    return this.withAdmin(this.asWritten(added));
  }

  /** The same without the admin. */
  asWritten(added: readonly string[]): string {
    this.groups = [...new Set([...this.groups, ...added])];
    const users = this.users().map((user) => ({ ...user, identity: { nkey: this.publicKey(user.name) } }));
    return authorizationText(users, this.permissionOptions);
  }

  private get permissionOptions() {
    return { groups: this.groups, httpControl: this.options.httpControl === true };
  }

  /** The admin is in the account of JetStream, hears there what users say, and is heard by them. */
  private withAdmin(text: string): string {
    const heard: string[] = [];
    let all = text.replace('exports: [\n', 'exports: [\n      { stream: ">" },\n');
    for (const user of this.users()) {
      const { publish, store, subscribe } = permissionsOf(user, this.permissionOptions);
      const streams = publish.filter((subject) => !store.includes(subject));
      heard.push(...streams.map((subject) => streamImport(`iec104-${user.name}`, subject, user.name)));
      const imports = subscribe.map((subject) => streamImport('iec104', subject, ADMIN));
      const start = all.indexOf('imports: [', all.indexOf(`"iec104-${user.name}" {`)) + 'imports: ['.length;
      all = `${all.slice(0, start)}${[...imports, ''].join(', ')}${all.slice(start)}`;
    }
    const own = `users: [{ nkey: ${this.publicKey(ADMIN)} }], imports: [${heard.join(', ')}]`;
    return all.replace('jetstream: enabled\n', `jetstream: enabled\n    ${own}\n`);
  }

  /** What the parts store on the server is made, as `mm2ss nats-setup` does it. */
  async setUp(servers: readonly string[], capacity = 20_000, replicas: 1 | 3 = 1): Promise<void> {
    const groups = this.groups.map((id) => ({ id, capacity }));
    const runtime = systemRuntime();
    const options = {
      servers,
      runtime,
      replicas,
      name: 'setup',
      nkeyFile: this.file('setup'),
      setsUp: true,
    };
    await setUpNats(options, { groups, audit: AUDIT_LIMITS });
  }

  /** The key file of a part of a system: `gateway2`, `connector1.2`, `router1`. */
  fileOfPart(part: string): string {
    const [, kind = '', number = ''] = /^([a-z]+)(\d*)/.exec(part) ?? [];
    if (kind === 'gateway') return this.file(part);
    if (kind !== 'connector') return this.file(kind);
    return this.file(this.options.selection === undefined ? `connector-${number}` : 'connector');
  }

  /** The key file of a user. */
  file(name: string): string {
    this.publicKey(name);
    return join(this.directory, `${name}.nk`);
  }

  /** A client of NATS that is this user, with nothing of ours in between. */
  rawClient(server: string, name: string): Promise<NatsConnection> {
    const seed = new TextEncoder().encode(this.seeds.get(name));
    return connect({
      servers: server,
      authenticator: nkeyAuthenticator(seed),
      inboxPrefix: `_INBOX.${name}`,
      reconnect: false,
    });
  }

  /** A client that is this user. */
  async connect(
    servers: readonly string[],
    name: string,
    listenOnly = false,
    does: Pick<NatsOptions, 'role' | 'allGroups'> = {},
  ): Promise<NatsBus> {
    const user = name === ADMIN ? {} : { name, ...does };
    const runtime = systemRuntime(instancePrefix(name === ADMIN ? undefined : name));
    const bus = await NatsBus.connect({
      servers,
      runtime,
      replicas: 1,
      nkeyFile: this.file(name),
      listenOnly,
      ...user,
    });
    if (name === ADMIN) hearFromUsers(bus);
    return bus;
  }

  users(): BusUser[] {
    const { selection, gateways = GATEWAYS } = this.options;
    const connectors =
      selection === undefined
        ? this.groups.map((id): BusUser => ({ name: `connector-${id}`, role: 'connector', groups: [id] }))
        : [{ name: 'connector', role: 'connector' } as const];
    const others = (['router', 'run', 'watcher', 'console', 'setup'] as const).map((role) => ({ name: role, role }));
    return [...connectors, ...gateways, ...others];
  }

  private publicKey(name: string): string {
    let seed = this.seeds.get(name);
    if (seed === undefined) {
      seed = newSeed();
      this.seeds.set(name, seed);
      const file = join(this.directory, `${name}.nk`);
      writeFileSync(file, nkeyFileText(name, seed), { mode: 0o600 });
      chmodSync(file, 0o600);
    }
    return publicKeyOf(seed) as string;
  }
}
