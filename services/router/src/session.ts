import { peerText } from '@iec104mm2ss/config';

/** Who a session is: fixed when it is admitted, or stated by its gateway. */
export interface SessionIdentity {
  readonly id: number;
  /** Instance name of the gateway that has its socket. */
  readonly gateway: string;
  /** Number of the connection, chosen by its gateway. */
  readonly connection: number;
  readonly address: string;
  readonly port: number;
  /** From the `masters` column, null for an unnamed one. */
  readonly name: string | null;
  readonly certificateName: string | null;
  /** All that its certificate says of itself, see masterOf; none without TLS. */
  readonly certificateNames?: readonly string[] | undefined;
  /** OA towards the RTU. */
  readonly oa: number;
  /** Since when its master is connected, ms since 1970-01-01 UTC. For people. */
  readonly since: number;
}

/**
 * One master connection as the router sees it. Positions are those of the group's event log in its present generation: they
 * are cut back whenever the log goes on at an earlier one (see LogPlaces). Times without a name are monotonic.
 */
export interface Session extends SessionIdentity {
  /** See SessionIdentity; another configuration may give it another one. */
  name: string | null;
  /** `address:port`. */
  readonly peer: string;

  // ---- its place in the table, see SessionTable
  /** Its gateway has stated it, or it has spoken. Until then it is provisional. */
  confirmed: boolean;
  /** When it was admitted, and when its gateway stated it last. */
  readonly admittedAt: number;
  statedAt: number;
  /** The RTU's link that it belongs to is lost: it is over then at the latest. */
  endsAt: number;
  /** Commands it gave; and whether it gave any to an earlier owner: then its OA rests when it is over. */
  commands: number;
  usedBefore: boolean;
  /** OA the master used in its last command. */
  ownOa: number;
  /** See SessionStatement. */
  aged: boolean;

  // ---- data transfer, see DataTransfer and Delivery
  /** Data transfer is started. */
  started: boolean;
  /** Another connection of the same master took over, and its gateway has not said that data transfer stopped. */
  standby: boolean;
  /** Since when it has no data transfer, as long as it has none. */
  idleSince: number;
  /** Number of the STARTED or RESYNC answered last, and the position where its data began then. */
  answered: number;
  answeredFrom: number;
  /** When its data (last) began. */
  begunAt: number;
  /** The `run` in which the log is asked where its data may begin. */
  resolving: number;
  /** Takes what is published for all; false while it is still catching up. */
  live: boolean;
  /** Counts what ends a catch-up under way: a new beginning, the end, a cut of the log. */
  run: number;
  catchingUp: boolean;
  /** Position after the last one dealt with while catching up. It may be ahead of what this owner has routed. */
  sent: number;
  /** Position after the last ASDU sent to it alone. */
  dataEnd: number;
  /** Its master acknowledged everything for it before this position. */
  acknowledged: number;
  /** Answers that it has got, and that the log may bring once more: see VoidedAnswers. */
  readonly had: Set<string>;
  /** A position that it must have reached, because it was published for it at `dueAt`. */
  due: number | undefined;
  dueAt: number;
}

/** Its data goes on as soon as the log has said where (see DataTransfer.resume): nothing of it may be forgotten meanwhile. */
export function isResolving({ resolving, run }: Pick<Session, 'resolving' | 'run'>): boolean {
  return resolving === run;
}

/** Who its master is, in security events: by the `masters` column, else by its certificate. */
export function identityOf({ name, certificateName }: Pick<Session, 'name' | 'certificateName'>): string | undefined {
  return name ?? certificateName ?? undefined;
}

export function newSession(identity: SessionIdentity, now: number): Session {
  return {
    ...identity,
    peer: peerText(identity.address, identity.port),
    confirmed: false,
    admittedAt: now,
    statedAt: now,
    endsAt: Infinity,
    commands: 0,
    usedBefore: false,
    ownOa: 0,
    aged: false,
    started: false,
    standby: false,
    idleSince: now,
    answered: 0,
    answeredFrom: 0,
    begunAt: now,
    resolving: -1,
    live: false,
    run: 0,
    catchingUp: false,
    sent: 0,
    dataEnd: 0,
    acknowledged: 0,
    had: new Set(),
    due: undefined,
    dueAt: now,
  };
}
