import { ALL_RIGHTS, type GroupConfig, NO_OBSERVE, type RightsTable, type SourceRange } from '@iec104mm2ss/config';
import { CommandBook, type GivenCommand } from '../accounts/command-book.ts';
import { FaultsLog } from '../accounts/faults-log.ts';
import { Ledger } from '../accounts/ledger.ts';
import { LinkAccount } from '../accounts/link-account.ts';
import { OriginatorAccount } from '../accounts/originator-account.ts';
import { Cursor, type SessionRules } from '../accounts/session-account.ts';
import { Violations } from '../accounts/violations.ts';
import { Master } from '../actors/master.ts';
import { Rtu } from '../actors/rtu.ts';
import { Cluster } from '../broker/cluster.ts';
import { SimNetwork } from '../network/sim-network.ts';
import type { GroupPlan, MasterPlan, ProcessPlan, Scenario } from '../scenario/scenario.ts';
import { SimProcess } from '../world/sim-process.ts';
import { World } from '../world/world.ts';
import { AuditTrail } from './audit-trail.ts';
import { CommandGiver } from './command-giver.ts';
import { speakVersion1, storeVersion1 } from './previous-version.ts';
import { ProductProcess } from './product-process.ts';
import { lineText, type LogLine, simLogger } from './sim-logger.ts';

const FIRST_MASTER_PORT = 2_500;
/** For so long processes of the release before are heard. */
const SPEAKS_MS = 15_000;

export const rtuAddress = (group: string): string => `10.0.${group}.1`;

/** A whole system in one world: RTUs, the product's processes, masters, the bus, and the books about all of them. */
export class System {
  readonly world: World;
  readonly network: SimNetwork;
  readonly cluster: Cluster | undefined;
  readonly violations: Violations;
  readonly faults = new FaultsLog();
  readonly book: CommandBook;
  readonly ledgers = new Map<string, Ledger>();
  readonly rtus = new Map<string, Rtu>();
  readonly rtuProcesses = new Map<string, SimProcess>();
  readonly products = new Map<string, ProductProcess>();
  readonly masters = new Map<string, Master>();
  readonly commands: CommandGiver;
  readonly audit = new AuditTrail();
  /** What a process reads when it starts. */
  configs: readonly GroupConfig[];
  private readonly runs = new Map<string, number>();
  private readonly numbers = new Map<string, { next: number }>();
  private readonly cursors = new Map<string, Cursor>();
  private readonly links: LinkAccount;
  private readonly originators: OriginatorAccount;

  constructor(
    readonly scenario: Scenario,
    keepStory: boolean,
  ) {
    this.world = new World(scenario.seed, keepStory);
    this.network = new SimNetwork(this.world);
    this.cluster = scenario.shape === 'one' ? undefined : new Cluster(this.world, this.network, scenario.bus);
    this.violations = new Violations(this.world);
    const now = (): number => this.world.time;
    const mayControl = (id: string): boolean =>
      scenario.masters.find((master) => master.id === id)?.mayControl !== false;
    this.book = new CommandBook(now, this.violations, this.faults, mayControl);
    this.links = new LinkAccount(now, this.violations);
    this.originators = new OriginatorAccount(now, this.violations);
    this.commands = new CommandGiver(this);
    this.configs = scenario.groups.map((group) => this.configOf(group));
    for (const group of scenario.groups) {
      this.ledgers.set(group.id, new Ledger(group.id));
      this.numbers.set(group.id, { next: 1 });
    }
  }

  /** When masters come: the leases of the release before have been taken over by then. */
  get mastersAt(): number {
    return this.scenario.upgraded ? 4_000 : 1_000;
  }

  start(): void {
    if (this.scenario.upgraded) this.startUpgraded();
    for (const { id } of this.scenario.groups) this.startRtu(id);
    for (const { id } of this.scenario.processes) this.startProduct(id);
    for (const plan of this.scenario.masters) {
      const master = this.makeMaster(plan);
      this.masters.set(plan.id, master);
      this.world.at(this.mastersAt, () => master.want(plan.wish));
    }
  }

  /** What the release before has left, and what it still says in the first seconds. */
  private startUpgraded(): void {
    const { cluster, scenario, world } = this;
    if (cluster === undefined) return;
    for (const group of scenario.groups) {
      const { id } = group;
      const masters = scenario.masters.filter((master) => master.group === id && master.name !== undefined);
      const names = [...new Set(masters.map(({ name }) => name as string))];
      const numbers = this.numbers.get(id) as { next: number };
      const first = storeVersion1(cluster, group, names, this.ledgers.get(id) as Ledger, () => numbers.next++);
      for (const name of names) {
        const cursor = this.cursorOf(id, name);
        cursor.expected = first;
        for (let index = 0; index < first; index++) cursor.acknowledgedAt.set(index, 0);
      }
      for (let at = 500; at < SPEAKS_MS; at += 700) world.at(at, () => speakVersion1(cluster, id));
    }
  }

  private cursorOf(group: string, name: string): Cursor {
    const key = `${group}/${name}`;
    const cursor = this.cursors.get(key) ?? new Cursor(name);
    this.cursors.set(key, cursor);
    return cursor;
  }

  /** Starts a process of the product, anew when it has run before. */
  startProduct(id: string): void {
    const plan = this.plan(id);
    const process = this.process(plan.id, plan.hostname, plan.address, plan);
    const product = new ProductProcess(plan, process, {
      cluster: this.cluster,
      groups: this.configs,
      logger: (of) => simLogger((line) => this.onLine(of, line)),
      onBus: (bus) => this.audit.watch(bus),
    });
    this.products.set(id, product);
    product.start();
  }

  startRtu(group: string): void {
    const plan = this.scenario.groups.find(({ id }) => id === group) as GroupPlan;
    const process = this.process(`rtu${group}`, `rtu${group}`, rtuAddress(group));
    const rtu = new Rtu(
      process,
      group,
      plan.habits,
      {
        ledger: this.ledgers.get(group) as Ledger,
        book: this.book,
        links: this.links,
        originators: this.originators,
        violations: this.violations,
        isHeld: (select) => this.isHeld(select),
      },
      plan.rate,
      this.numbers.get(group) as { next: number },
    );
    this.rtuProcesses.set(group, process);
    this.rtus.set(group, rtu);
    rtu.start();
  }

  plan(process: string): ProcessPlan {
    return this.scenario.processes.find(({ id }) => id === process) as ProcessPlan;
  }

  /** Addresses of the connectors of a group. */
  connectorsOf(group: string): string[] {
    return this.scenario.processes.filter(({ groups }) => groups.includes(group)).map(({ address }) => address);
  }

  get gatewayAddresses(): string[] {
    return this.scenario.processes.filter(({ parts }) => parts.includes('gateway')).map(({ address }) => address);
  }

  /** Tells masters what they want that they have not, or may not have. */
  wishAgain(): void {
    for (const { id, wish } of this.scenario.masters) {
      const master = this.masters.get(id);
      if (master !== undefined && !isThere(master, wish)) master.want(wish);
    }
  }

  get everybodyIsThere(): boolean {
    return this.scenario.masters.every(({ id, wish }) => {
      const master = this.masters.get(id);
      return master === undefined || wish === 'standby' || isThere(master, wish);
    });
  }

  /** Nobody knows any more where named masters were. */
  forgetCursors(): void {
    for (const cursor of this.cursors.values()) {
      cursor.expected = undefined;
      cursor.forgotten++;
    }
  }

  /** An operator begins or ends observe mode: whoever owns the group does it. */
  observe(group: string, on: boolean): void {
    for (const product of this.products.values()) {
      product.observe({ v: 2, group, on, by: 'STORY' }, (ok) => {
        if (ok) this.book.observe(group, on);
        this.tell(`observe mode of ${group} ${on ? 'on' : 'off'}: ${ok ? 'done' : 'refused'}`);
      });
    }
  }

  tell(what: string): void {
    this.world.tell('STORY', what);
  }

  private process(name: string, hostname: string, address: string, plan?: ProcessPlan): SimProcess {
    const run = (this.runs.get(name) ?? 0) + 1;
    this.runs.set(name, run);
    const process = new SimProcess(this.world, {
      name: run === 1 ? name : `${name}.${run}`,
      hostname,
      address,
      rate: plan?.rate ?? 1,
      wallSkewMs: plan?.wallSkewMs ?? 0,
    });
    this.network.attach(process);
    return process;
  }

  private makeMaster(plan: MasterPlan): Master {
    const { id, group, address, name } = plan;
    const process = this.process(id, id, address);
    const cursor = name === undefined ? undefined : this.cursorOf(group, name);
    cursor?.members.add(id);
    const { config, habits } = this.scenario.groups.find((candidate) => candidate.id === group) as GroupPlan;
    const saysForWhom = habits.oa === 'mirror' || habits.oa === 'last';
    const rules: SessionRules = {
      ledger: this.ledgers.get(group) as Ledger,
      violations: this.violations,
      faults: this.faults.of(group),
      now: () => this.world.time,
      interrogation: config.interrogation,
      askerOf: (command) => this.book.askerOf(command, saysForWhom),
    };
    const port = FIRST_MASTER_PORT + Number(group);
    return new Master(
      process,
      { account: { id, cursor }, group, gateways: this.gatewayAddresses, port, link: plan.link },
      {
        book: this.book,
        rules,
        isOver: (peer) => this.audit.disconnectedAt(peer) <= this.world.time,
        processAt: (at) => this.productAt(at)?.process.name,
      },
      (command, cause, negative) => this.commands.onAnswer(command, cause, negative),
    );
  }

  /** A select is held for as long as its master's connection lives, and the gateway that has it is not in trouble. */
  private isHeld({ master: id, session, gateway, sentAt }: GivenCommand): boolean {
    const master = this.masters.get(id);
    if (master?.sessions !== session || !master.started) return false;
    const [process = ''] = (gateway ?? '').split('.');
    return !this.faults.with([id, process], sentAt, this.world.time);
  }

  private productAt(address: string): ProductProcess | undefined {
    return [...this.products.values()].find(({ plan }) => plan.address === address);
  }

  private onLine(process: SimProcess, line: LogLine): void {
    this.audit.onSession(line.fields.session, line.fields.peer);
    if (line.message === 'master started data transfer') {
      for (const master of this.masters.values()) if (master.peer === line.fields.peer) master.session?.began();
    }
    // With no router left a gateway disconnects all of a group by itself.
    if (line.message.startsWith('masters are disconnected')) {
      for (const { gateway, options, peer } of this.masters.values())
        if (gateway === process.name && options.group === line.fields.group)
          this.audit.onDisconnected(peer, this.world.time);
    }
    if (line.message.startsWith('master disconnected')) this.audit.onDisconnected(line.fields.peer, this.world.time);
    if (line.message.startsWith('events lost for')) {
      const { group, name } = line.fields;
      const cursor = this.cursors.get(`${String(group)}/${String(name)}`);
      if (cursor !== undefined) cursor.lossesTold++;
    }
    this.world.note(process.name, () => lineText(line));
  }

  /** By address; without the column when everybody may do everything. */
  private rightsOf(group: string): RightsTable {
    const masters = this.scenario.masters.filter((master) => master.group === group);
    if (masters.every(({ mayControl }) => mayControl !== false)) return undefined;
    return masters.map(({ address, mayControl }) => ({
      subject: address,
      kind: 'address',
      range: oneHost(address),
      rights: mayControl === false ? { monitor: [{ cas: [], ioas: [] }] } : ALL_RIGHTS,
    }));
  }

  private configOf({ id, config }: GroupPlan): GroupConfig {
    const { link, buffsize, maxConnections, sameIp, ack, interrogation, decoded } = config;
    const named = new Map<string, string[]>();
    for (const { group, name, address } of this.scenario.masters) {
      if (group !== id || name === undefined) continue;
      named.set(name, [...(named.get(name) ?? []), address]);
    }
    return {
      ...link,
      rtuLink: link,
      id,
      row: 1 + Number(id),
      name: `Group ${id}`,
      port: FIRST_MASTER_PORT + Number(id),
      ...{ tlsPort: undefined, plain: true, tlsProfile: 'iec62351', tlsNames: [], rtuNames: [] },
      rtuNumber: Number(id),
      buffsize,
      maxConnections,
      sameIp,
      ack,
      interrogation,
      decoded,
      t0Ms: 5_000,
      hosts: [{ host: rtuAddress(id), port: 2404 }],
      idleTimeMs: 60_000,
      logEvents: false,
      filter: [],
      perSource: null,
      // Who is kept a place for is not what the accounts of admission know.
      reserve: 0,
      commandRate: 50,
      commandBurst: 100,
      proxy: [],
      masters: [...named].map(([name, addresses]) => ({ name, sources: addresses.map(oneHost), certificateNames: [] })),
      rights: this.rightsOf(id),
      observe: NO_OBSERVE,
      clock: { kind: 'forward' },
    };
  }
}

function isThere(master: Master, wish: MasterPlan['wish']): boolean {
  return wish === 'started' ? master.started && master.isActive : !master.started;
}

function oneHost(address: string): SourceRange {
  return { text: address, cidr: `${address}/32`, contains: (other) => other === address };
}
