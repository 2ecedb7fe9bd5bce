/**
 * What is outside the cluster: RTUs, and masters that keep account. Masters of group 111 are known by their addresses, those of
 * group 222 by their certificates; each prefers one node, and goes to the other when nobody answers there.
 */
import { CertificateAuthority, type IssuedCertificate } from '@iec104mm2ss/testing';
import { requireTool } from '../../tools/require.mjs';
import { type Afterwards, Master, startRtu, type TestRtu } from '../e2e/stations.ts';
import { established } from './established.ts';
import { settings } from './settings.ts';
import { Way } from './way.ts';

/** How many events an RTU keeps while nobody takes them: minutes of them. */
const EVENT_BUFFER = 200_000;
const COMMAND_MS = 5;

export interface FieldGroup extends TestRtu {
  readonly id: string;
  readonly ca: number;
  /** NodePort and port of the listener. */
  readonly port: number;
  readonly tls: boolean;
  readonly masters: FieldMaster[];
  /** Times at which the RTU had more than one connection, by `performance.now()`. */
  readonly doubles: number[];
  /** Why connections of the RTU ended, as the RTU saw it. */
  readonly linkEnds: string[];
}

export interface FieldMaster {
  readonly name: string;
  readonly station: Master;
  readonly way: Way;
}

/** One row of the configuration file, as the tests have it. */
export interface GroupPlan {
  readonly id: string;
  readonly ca: number;
  readonly port: number;
  readonly tls?: boolean;
  /** Named masters. */
  readonly masters: readonly string[];
  readonly columns?: Readonly<Record<string, string | number>>;
}

export class Field {
  readonly groups = new Map<string, FieldGroup>();
  readonly authority = CertificateAuthority.root(requireTool('openssl') ?? '');
  private readonly certificates = new Map<string, IssuedCertificate>();
  private addresses = 0;
  private readonly addressOf = new Map<string, string>();

  constructor(private readonly afterwards: Afterwards) {
    afterwards(() => this.authority.remove());
  }

  /** The group's RTU, listening. */
  async addRtu(plan: GroupPlan): Promise<FieldGroup> {
    const options = {
      host: settings.rtuAddress,
      ca: plan.ca,
      eventBuffer: EVENT_BUFFER,
      commandDurationMs: COMMAND_MS,
    };
    const station = await startRtu(options, this.afterwards);
    const group: FieldGroup = {
      ...station,
      id: plan.id,
      ca: plan.ca,
      port: plan.port,
      tls: plan.tls ?? false,
      masters: [],
      doubles: [],
      linkEnds: [],
    };
    station.rtu.on('disconnected', (_connection, { code, message }) => group.linkEnds.push(`${code}: ${message}`));
    station.rtu.on('connected', () => {
      if (established(station.rtu.address.port) > 1) group.doubles.push(performance.now());
    });
    this.groups.set(plan.id, group);
    return group;
  }

  /** Every master's address is one of its own. */
  address(name: string): string {
    const known = this.addressOf.get(name);
    if (known !== undefined) return known;
    const address = settings.masterAddresses[this.addresses++];
    if (address === undefined) throw new Error(`no address is left for master ${name}`);
    this.addressOf.set(name, address);
    return address;
  }

  /** Connects a group's masters, the n-th one to the n-th node, and waits until they are started. */
  async connect(plan: GroupPlan, nodes: readonly string[]): Promise<void> {
    const group = this.group(plan.id);
    for (const [index, name] of plan.masters.entries()) {
      const turned = [...nodes.slice(index % nodes.length), ...nodes.slice(0, index % nodes.length)];
      const way = await Way.start({
        nodes: turned,
        port: plan.port,
        localAddress: this.address(name),
        ...(plan.tls === true && { certificate: this.certificate(name) }),
      });
      this.afterwards(() => way.close());
      const own = { reconnect: true, ca: plan.ca, afterwards: this.afterwards };
      const station = new Master(name, '127.0.0.1', group.ledger, '127.0.0.1', way.port, own);
      group.masters.push({ name, station, way });
    }
    await Promise.all(group.masters.map(({ station }) => station.connect()));
  }

  /** Ends a group's masters and its RTU. */
  async remove(id: string): Promise<void> {
    const group = this.group(id);
    for (const { station, way } of group.masters) {
      await station.close();
      way.close();
    }
    await group.rtu.close();
    this.groups.delete(id);
  }

  certificate(name: string): IssuedCertificate {
    const known = this.certificates.get(name) ?? this.authority.issue({ cn: name.toLowerCase() });
    this.certificates.set(name, known);
    return known;
  }

  group(id: string): FieldGroup {
    const group = this.groups.get(id);
    if (group === undefined) throw new Error(`no group ${id}`);
    return group;
  }

  get masters(): FieldMaster[] {
    return [...this.groups.values()].flatMap(({ masters }) => masters);
  }
}
