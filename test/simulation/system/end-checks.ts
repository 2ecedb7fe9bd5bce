import { checkAudit } from '../accounts/audit-account.ts';
import { grown, type Sizes, sizesOf } from '../accounts/collections.ts';
import { checkAcknowledged } from '../accounts/lost-account.ts';
import type { GivenCommand } from '../accounts/command-book.ts';
import type { Master } from '../actors/master.ts';
import type { System } from './system.ts';

/** The newest events may be on their way still. */
const UNDER_WAY_MS = 8_000;
/** An answer that comes later than COMMAND_DEADLINE_MS and ANSWER_TIMEOUT_MS of the router is late. */
const ANSWER_WITHIN_MS = 9_900;

/** Is everything working again? Each master that wants to be started is, gets events, and has a command answered. */
export class Probes {
  private readonly sent = new Map<Master, GivenCommand | undefined>();
  private readonly since: number;

  constructor(private readonly system: System) {
    this.since = system.world.time;
    let index = 0;
    for (const { id, wish } of system.scenario.masters) {
      const master = system.masters.get(id);
      if (master === undefined || wish !== 'started') continue;
      if (!master.started || !master.isActive) system.violations.add('recovery', `${id} is not connected and started`);
      else system.commands.probe(master, index++, (command) => this.sent.set(master, command));
    }
  }

  /** All that was asked is answered, and everybody has got an event. */
  get answered(): boolean {
    return [...this.sent].every(
      ([master, command]) =>
        (command === undefined || command.answers.length > 0) &&
        (this.rateOf(master) <= 0.1 || master.lastDataAt >= this.since),
    );
  }

  check(): void {
    const { violations } = this.system;
    for (const [master, command] of this.sent) {
      if (this.rateOf(master) > 0.1 && master.lastDataAt < this.since)
        violations.add('recovery', `${master.id} gets no events`);
      if (command === undefined) violations.add('recovery', `${master.id} cannot send a command`);
      else if (command.answers.length === 0 && !this.cameTooLate(master, command))
        violations.add('recovery', `c${command.id} of ${master.id} is not answered`);
      else if (command.refusedAt !== undefined) violations.add('recovery', `c${command.id} of ${master.id} is refused`);
    }
  }

  /** What an RTU says late is given to nobody when it does not say whom it is for. */
  private cameTooLate(master: Master, { sentAt, rtuAnsweredAt = Infinity }: GivenCommand): boolean {
    const habits = this.system.scenario.groups.find(({ id }) => id === master.options.group)?.habits;
    return (habits?.oa === 'zero' || habits?.oa === 'constant') && rtuAnsweredAt - sentAt > ANSWER_WITHIN_MS;
  }

  private rateOf(master: Master): number {
    return this.system.scenario.groups.find(({ id }) => id === master.options.group)?.rate ?? 0;
  }
}

/** What must be true of everything that happened, once all is quiet. */
export function checkEnd(system: System): void {
  const { masters, ledgers, violations, world, scenario } = system;
  for (const { id, wish } of scenario.masters) {
    const master = masters.get(id);
    const ledger = ledgers.get(master?.options.group ?? '');
    if (master === undefined || ledger === undefined || wish !== 'started' || !master.isActive) continue;
    master.session?.checkComplete(ledger.firstCreatedAt(world.time - UNDER_WAY_MS));
  }
  for (const ledger of ledgers.values()) checkAcknowledged(ledger, violations);
}

/** What was written down of commands, once nothing more can come. */
export function checkRecords(system: System): void {
  const { audit, cluster, book, violations, faults, world } = system;
  checkAudit(audit.records(cluster), {
    book,
    violations,
    faults,
    now: world.time,
    peerOf: (session) => audit.peerOf(session),
    disconnectedAt: (peer) => audit.disconnectedAt(peer),
    isInMemory: cluster === undefined,
  });
}

/** The largest of each collection that the processes hold. */
export function collectionsOf(system: System): Sizes {
  const all = new Map<string, number>();
  for (const { process, services, bus } of system.products.values()) {
    if (process.dead || bus === undefined) continue;
    for (const [path, size] of sizesOf({ services, bus })) all.set(path, Math.max(all.get(path) ?? 0, size));
  }
  return all;
}

/** All masters have been gone for long: nothing may be remembered of them. */
export function checkMemory(system: System, before: Sizes): void {
  for (const text of grown(before, collectionsOf(system))) system.violations.add('leftover', text);
}

/** Everything was stopped: nothing may be left. */
export function checkLeftovers(system: System): void {
  const { violations, network } = system;
  for (const { plan, process, broker, stopped } of system.products.values()) {
    const left = (what: string): void => violations.add('leftover', `${plan.id} (${plan.parts.join(', ')}): ${what}`);
    for (const error of process.uncaught) violations.add('uncaught', `${plan.id}: ${errorText(error)}`);
    if (!stopped) {
      left('it does not stop');
      continue;
    }
    const { all } = process.pendingTimers;
    if (all > 0) left(`${all} timers`);
    const { sockets, listeners } = network.open(process);
    if (sockets > 0) left(`${sockets} sockets`);
    if (listeners > 0) left(`${listeners} listeners`);
    if (broker !== undefined && broker.subscriptionsLeft > 0) left(`${broker.subscriptionsLeft} subscriptions`);
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error);
}
