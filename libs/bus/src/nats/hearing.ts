import { allGroups, groupAndKind } from '../subjects.js';
import type { Subscription } from '../bus.js';
import type { BusRole } from './auth/bus-user.js';
import { permissionsOf } from './auth/permissions.js';
import { overlapOf, type Tokens, tokensOf } from './auth/subject-overlap.js';
import { heardFromAnybody, saidOn } from './heard-from.js';

/**
 * Kinds of subjects that a process hears of all groups at once: parts stating what they have, and what several masters' doings make
 * in one message. Events, what is for all masters of a group or for one of them are heard only where they are wanted: they are most of
 * what is said, and routers and gateways share them.
 */
const AT_ONCE: Partial<Record<BusRole, readonly string[]>> = {
  router: ['state', 'cmd.result', 'in.*', 'ack.*'],
  gateway: ['state', 'owner', 'listener.*'],
};
/** Stands for a group in the table of permissions. */
const ANY_GROUP = 'ANY-GROUP';

interface Heard {
  readonly subject: string;
}

/** Who a process is on a server with users. */
export interface Hearer {
  readonly name: string;
  /** Undefined: it may be any of them. */
  readonly role: BusRole | undefined;
  /** It serves all groups of the file, and may hear them. */
  readonly allGroups: boolean;
}

/**
 * How a process with a name hears a pattern, with as few subscriptions as there can be: the server compares each of them with every
 * import of the account, which is one for each group and more (docs/decisions/bus-accounts.md).
 *
 * @typeParam M a message of the server
 */
export class Hearing<M extends Heard> {
  private readonly said: readonly Tokens[] | undefined;
  private readonly kinds: ReadonlyMap<string, Map<string, Set<(message: M) => void>>>;
  private readonly begun = new Set<string>();

  /** @param listen subscribes at the server */
  constructor(
    private readonly listen: (pattern: string, handler: (message: M) => void) => Subscription,
    { name, role, allGroups: all }: Hearer,
  ) {
    // `run` is the only name of its role. Parts with its key are one user, and say everything to each other.
    const known = name === 'run' ? 'run' : role;
    this.said = known === undefined ? undefined : saidBy(name, known);
    const kinds = (all && known !== undefined ? AT_ONCE[known] : undefined) ?? [];
    this.kinds = new Map(kinds.map((kind) => [kind, new Map()]));
  }

  subscribe(pattern: string, handler: (message: M) => void): Subscription {
    const of = groupAndKind(pattern);
    const groups = of === undefined ? undefined : this.kinds.get(of.kind);
    if (of === undefined || groups === undefined) return this.listenTo(pattern, handler);
    const { group, kind } = of;
    const handlers = groups.get(group) ?? new Set();
    // One of its own for each: the same handler may subscribe twice.
    const own = (message: M): void => handler(message);
    handlers.add(own);
    groups.set(group, handlers);
    this.begin(kind, groups);
    return {
      unsubscribe: () => {
        handlers.delete(own);
        if (handlers.size === 0 && groups.get(group) === handlers) groups.delete(group);
      },
    };
  }

  /** Goes on while the process lives: a group that comes later needs nothing of the server. */
  private begin(kind: string, groups: ReadonlyMap<string, ReadonlySet<(message: M) => void>>): void {
    if (this.begun.has(kind)) return;
    this.begun.add(kind);
    this.listenTo(allGroups(kind), (message) => {
      const group = groupAndKind(saidOn(message.subject))?.group ?? '';
      for (const handler of [...(groups.get(group) ?? [])]) handler(message);
    });
  }

  private listenTo(pattern: string, handler: (message: M) => void): Subscription {
    const subscriptions = this.hearings(pattern).map((each) => this.listen(each, handler));
    return { unsubscribe: () => subscriptions.forEach((each) => each.unsubscribe()) };
  }

  /** From everybody else, and from processes with the same key where these may say it. */
  private hearings(pattern: string): readonly string[] {
    const tokens = tokensOf(pattern);
    const fromEquals = this.said?.some((said) => overlapOf(said, tokens) !== undefined) ?? true;
    return fromEquals ? [pattern, heardFromAnybody(pattern)] : [heardFromAnybody(pattern)];
  }
}

/** All that a process of this role may say, whatever its groups are. */
function saidBy(name: string, role: BusRole): Tokens[] {
  const { publish } = permissionsOf({ name, role }, { groups: [ANY_GROUP], httpControl: true });
  return publish.map((subject) => tokensOf(subject.replaceAll(ANY_GROUP, '*')));
}
