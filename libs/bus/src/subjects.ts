/**
 * Every subject of the system, built here and nowhere else.
 *
 *     iec104.v1.<group>.log             event log: all ASDUs from the RTU
 *     iec104.v1.<group>.out             router -> gateways: for every live session
 *     iec104.v1.<group>.out.<session>   router -> the gateway of one session
 *     iec104.v1.<group>.in              gateway -> router: sessions and what masters send
 *     iec104.v1.<group>.ack             gateway -> router: what masters acknowledged
 *     iec104.v1.<group>.confirmed       router -> connector: what is safe
 *     iec104.v1.<group>.demand          router -> connector: data transfer wanted or not
 *     iec104.v1.<group>.cmd             router -> connector: commands with a deadline
 *     iec104.v1.<group>.cmd.result      connector -> router: what became of them
 *     iec104.v1.<group>.state           connector -> all: state of the RTU link
 *     iec104.v1.<group>.owner           router -> all: who owns the group
 *     iec104.v1.<group>.decoded.<Type>  decoded feed (JSON), for people and historians
 *     iec104.v1.<group>.audit           one record per command (JSON)
 *     iec104.v1.ctl.<verb>              control plane (JSON)
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
  readonly demand: string;
  readonly command: string;
  readonly commandResult: string;
  readonly state: string;
  readonly owner: string;
  readonly audit: string;
  readonly decodedAll: string;
  private readonly prefix: string;

  constructor(readonly group: string) {
    const prefix = `${ROOT}.${token(group)}`;
    this.prefix = prefix;
    this.log = `${prefix}.log`;
    this.out = `${prefix}.out`;
    this.in = `${prefix}.in`;
    this.ack = `${prefix}.ack`;
    this.confirmed = `${prefix}.confirmed`;
    this.demand = `${prefix}.demand`;
    this.command = `${prefix}.cmd`;
    this.commandResult = `${prefix}.cmd.result`;
    this.state = `${prefix}.state`;
    this.owner = `${prefix}.owner`;
    this.audit = `${prefix}.audit`;
    this.decodedAll = `${prefix}.decoded.>`;
  }

  outTo(session: number): string {
    return `${this.out}.${session}`;
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

/** All groups' subjects of one kind, for watchers: `decoded.>`, `audit`, `state`. */
export function allGroups(kind: string): string {
  return `${ROOT}.*.${kind}`;
}
