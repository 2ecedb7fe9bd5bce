/**
 * Every subject of the system, built here and nowhere else.
 *
 *     iec104.v1.<group>.log             event log: all ASDUs from the RTU
 *     iec104.v1.<group>.out             router -> gateways: for every live session
 *     iec104.v1.<group>.out.<session>   router -> the gateway of one session
 *     iec104.v1.<group>.in              gateway -> router: sessions and what masters send (*)
 *     iec104.v1.<group>.ack             gateway -> router: what masters acknowledged (*)
 *     iec104.v1.<group>.confirmed       router -> connector: what is safe
 *     iec104.v1.<group>.cmd             router -> connector: commands with a deadline
 *     iec104.v1.<group>.cmd.result      connector -> router: what became of them
 *     iec104.v1.<group>.cmd.query       router -> connector, request: what became of commands (JSON)
 *     iec104.v1.<group>.state           connector -> all: what it has, state of the RTU link (JSON)
 *     iec104.v1.<group>.owner           router -> all: who owns the group and what it wants (JSON)
 *     iec104.v1.<group>.listener        gateway -> connector, gateways: whether it can let masters in (JSON) (*)
 *     iec104.v1.<group>.decoded.<Type>  decoded feed (JSON), for people and historians
 *     iec104.v1.<group>.audit           one record per command (JSON), kept in the journal `audit`
 *     iec104.v1.ctl.<verb>              control plane (JSON)
 *     iec104.v1.ctl.admit               gateway -> router, request: may this connection come in (JSON) (*)
 *     iec104.v1.ctl.presence.<pool>     members of a pool -> those who need to know them: that they live
 *     iec104.v1.ctl.presence.<pool>.<lease>   that one has taken or left a lease of the pool
 *     iec104.v1.ctl.presence.lease.<lease>    those who want a lease that has no pool -> each other: that they live
 *
 * A lease's name may have several tokens: `connector.12`.
 *
 * (*) On a bus with names (see Bus.name) a gateway has subjects of its own, `.in.<name>` and so on; what is for one of its
 * sessions comes on `.out.<name>.<session>`, it asks for admission on `iec104.v1.<group>.admit.<name>`, and says that it lives
 * on `ctl.presence.gateway.<name>`. The server lets nobody else publish there, so the name says who speaks.
 */
const ROOT = 'iec104.v1';
const TOKEN = /^[A-Za-z0-9_-]+$/;

function token(text: string): string {
  if (!TOKEN.test(text)) throw new RangeError(`"${text}" is no subject token: letters, digits, _ and - only`);
  return text;
}

/** The subjects of one group, made once. `group` is the id column. */
export class GroupSubjects {
  readonly log: string;
  readonly out: string;
  readonly in: string;
  readonly ack: string;
  readonly confirmed: string;
  readonly command: string;
  readonly commandResult: string;
  readonly commandQuery: string;
  readonly state: string;
  readonly owner: string;
  readonly listener: string;
  readonly audit: string;
  readonly decodedAll: string;
  readonly admit: string;
  private readonly prefix: string;

  /** @param gateway name on the bus of a process that speaks as a gateway; undefined: it is none, or the bus has no names */
  constructor(
    readonly group: string,
    private readonly gateway?: string,
  ) {
    const prefix = `${ROOT}.${token(group)}`;
    const own = (subject: string): string => (gateway === undefined ? subject : `${subject}.${token(gateway)}`);
    this.prefix = prefix;
    this.log = `${prefix}.log`;
    this.out = `${prefix}.out`;
    this.in = own(`${prefix}.in`);
    this.ack = own(`${prefix}.ack`);
    this.confirmed = `${prefix}.confirmed`;
    this.command = `${prefix}.cmd`;
    this.commandResult = `${prefix}.cmd.result`;
    this.commandQuery = `${prefix}.cmd.query`;
    this.state = `${prefix}.state`;
    this.owner = `${prefix}.owner`;
    this.listener = own(`${prefix}.listener`);
    this.admit = gateway === undefined ? controlSubject('admit') : own(`${prefix}.admit`);
    this.audit = `${prefix}.audit`;
    this.decodedAll = `${prefix}.decoded.>`;
  }

  /** @param gateway name on the bus of the gateway that has the session */
  outTo(session: number, gateway = this.gateway): string {
    return gateway === undefined ? `${this.out}.${session}` : `${this.out}.${gateway}.${session}`;
  }

  /** `typeName` is the standard's (`M_SP_NA_1`) or `TYPE_<n>` for one without a name. */
  decoded(typeName: string): string {
    return `${this.prefix}.decoded.${token(typeName)}`;
  }
}

/** Control plane subject of a verb (`admit`, `restart`, `status` ...). */
export function controlSubject(verb: string): string {
  return `${ROOT}.ctl.${verb.split('.').map(token).join('.')}`;
}

/** Where members of a pool say that they live. */
export function presenceSubject(pool: string): string {
  return controlSubject(`presence.${pool}`);
}

/** Where those who want a lease hear of each other: of taking and leaving it, and without a pool also that they live. */
export function leasePresenceSubject(lease: string, pool = 'lease'): string {
  return presenceSubject(`${pool}.${lease}`);
}

/** Subject of a journal's entries about a group (see Journal). */
export function journalSubject(journal: string, group: string): string {
  return `${ROOT}.${token(group)}.${token(journal)}`;
}

/** `1` and `gateway1` of `iec104.v1.1.in.gateway1`; the second is undefined on a bus without names. */
export function groupAndGateway(subject: string): { readonly group: string; readonly gateway: string | undefined } {
  const [, , group = '', , gateway] = subject.split('.');
  return { group, gateway };
}

/** `7` and `in.*` of `iec104.v1.7.in.*`; undefined: it is not about a single group. */
export function groupAndKind(pattern: string): { readonly group: string; readonly kind: string } | undefined {
  const [, group, kind] = /^iec104\.v1\.([A-Za-z0-9_-]+)\.(.+)$/.exec(pattern) ?? [];
  return group === undefined || kind === undefined || group === 'ctl' ? undefined : { group, kind };
}

/** Whether a name can stand for a process in subjects. */
export const isBusName = (text: string): boolean => TOKEN.test(text);

/** All groups' subjects of one kind, for watchers: `decoded.>`, `audit`, `state`. */
export function allGroups(kind: string): string {
  return `${ROOT}.*.${kind}`;
}
