import { checkAnswers } from '../accounts/answer-account.ts';
import { checkAudit } from '../accounts/audit-account.ts';
import { grown, type Sizes, sizesOf } from '../accounts/collections.ts';
import { checkDisconnects } from '../accounts/disconnect-account.ts';
import { checkAcknowledged } from '../accounts/lost-account.ts';
import type { GivenCommand } from '../accounts/command-book.ts';
import { checkRefusals } from '../accounts/refusal-account.ts';
import { checkSilence } from '../accounts/silence-account.ts';
import type { Master } from '../actors/master.ts';
import type { MasterPlan, Scenario } from '../scenario/scenario.ts';
import type { System } from './system.ts';

/** The newest events may be on their way still. */
const UNDER_WAY_MS = 8_000;
/** An RTU that answers so soon, with so few stations, has answered all that was asked before. */
const QUICK_MS = 300;
const FEW_STATIONS = 3;
/** An answer that comes later than COMMAND_DEADLINE_MS and ANSWER_TIMEOUT_MS of the router is late. */
const ANSWER_WITHIN_MS = 9_900;

/** Is everything working again? Each master that wants to be started is, gets events, and has a command answered. */
export class Probes {
  private readonly sent = new Map<Master, GivenCommand | undefined>();
  private readonly asked = new Map<Master, GivenCommand | undefined>();
  /** Which connection of each master was asked, and whether that was once more. */
  private readonly sessions = new Map<Master, { readonly session: number; readonly isAgain: boolean }>();
  /** Commands that masters have been told to give, and have not yet. */
  private pending = 0;
  private readonly since: number;

  constructor(private readonly system: System) {
    this.since = system.world.time;
    for (const { id, wish } of system.scenario.masters) {
      const master = system.masters.get(id);
      if (master === undefined || wish !== 'started') continue;
      if (!master.started || !master.isActive) system.violations.add('recovery', `${id} is not connected and started`);
      else {
        this.sessions.set(master, { session: master.sessions, isAgain: false });
        this.send(master);
        if (this.isToAsk(master)) this.ask(master);
      }
    }
  }

  /**
   * A peer that vanished and came back is missed only when something is sent, and that is lost with the connection. What a
   * master gave into one is given once more, on its next one; and so is what was refused as the connection was about to end.
   */
  tryAgain(): void {
    for (const [master, { session, isAgain }] of this.sessions) {
      if (isAgain || master.sessions === session || !master.started || !master.isActive) continue;
      this.sessions.set(master, { session: master.sessions, isAgain: true });
      const sent = this.sent.get(master);
      if (!this.isAnswered(sent) || sent?.refusedAt !== undefined) this.send(master);
      if (!this.isAnswered(this.asked.get(master))) this.ask(master);
    }
  }

  private send(master: Master): void {
    this.pending++;
    const index = [...this.sessions.keys()].indexOf(master);
    this.system.commands.probe(master, index, (command) => this.given(this.sent, master, command));
  }

  private ask(master: Master): void {
    this.asked.set(master, undefined);
    this.pending++;
    this.system.commands.ask(master, (command) => this.given(this.asked, master, command));
  }

  /** The first master of a group also asks its station, which has nothing else to do for long. */
  private isToAsk(master: Master): boolean {
    const habits = this.system.scenario.groups.find(({ id }) => id === master.options.group)?.habits;
    const isFirst = [...this.asked.keys()].every(({ options }) => options.group !== master.options.group);
    return habits?.actTerm === true && isFirst && habits.answerMs[1] <= QUICK_MS && habits.cas.length <= FEW_STATIONS;
  }

  private given(to: Map<Master, GivenCommand | undefined>, master: Master, command: GivenCommand | undefined): void {
    this.pending--;
    to.set(master, command);
  }

  /** All that was asked is answered, and everybody has got an event. */
  get answered(): boolean {
    const isThere = (master: Master): boolean => this.rateOf(master) <= 0.1 || master.lastDataAt >= this.since;
    return (
      this.pending === 0 &&
      [...this.sent].every(([master, command]) => this.isAnswered(command) && isThere(master)) &&
      [...this.asked.values()].every((command) => this.isAnswered(command))
    );
  }

  /** It, or one like it that its master gave before: nobody can tell them apart. */
  private isAnswered(command: GivenCommand | undefined): boolean {
    if (command === undefined) return true;
    const { key, master, sentAt } = command;
    const isSame = (other: GivenCommand): boolean => other.key === key && other.master === master;
    return this.system.book.all.some((other) => isSame(other) && (other.answeredAt ?? -1) >= sentAt);
  }

  check(): void {
    const { violations } = this.system;
    for (const [master, command] of this.asked) {
      if (!this.isAnswered(command))
        violations.add('recovery', `interrogation c${command?.id} of ${master.id} is not answered`);
    }
    for (const [master, command] of this.sent) {
      if (this.rateOf(master) > 0.1 && master.lastDataAt < this.since)
        violations.add('recovery', `${master.id} gets no events`);
      if (command === undefined) violations.add('recovery', `${master.id} cannot send a command`);
      else if (command.answers.length === 0 && !this.cameTooLate(master, command))
        violations.add('recovery', `c${command.id} of ${master.id} is not answered`);
      else if (command.isAllowed && command.refusedAt !== undefined)
        violations.add('recovery', `c${command.id} of ${master.id} is refused`);
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
  const { book, faults } = system;
  checkAnswers(book, ledgers, violations, faults);
  checkRefusals({
    ...{ book, violations, faults },
    windowOf: (group) => windowOf(scenario, group),
    disconnectedAt: (peer) => system.audit.disconnectedAt(peer),
  });
  const routers = scenario.processes.filter(({ parts }) => parts.includes('router')).map(({ id }) => id);
  for (const { id, group } of scenario.masters) {
    const ledger = ledgers.get(group);
    const acts = actsOf(scenario, id);
    if (ledger !== undefined)
      checkSilence(id, masters.get(id)?.arrivals ?? [], { violations, faults, ledger, routers, acts });
    const closes = masters.get(id)?.closes ?? [];
    // An RTU may close what is not started, and without its RTU no master is connected.
    if (windowOf(scenario, group) > 0)
      checkDisconnects(id, closes, {
        violations,
        faults: faults.of(group),
        sentBetween: (from, to) =>
          (ledger?.entries ?? []).filter(({ sentAt }) => sentAt >= from && sentAt <= to).length,
        buffsize: scenario.groups.find(({ id: of }) => of === group)?.config.buffsize ?? Infinity,
        actsOf: (of) => actsOf(scenario, of),
        straysOf: (of) =>
          book.all.filter(({ master, isStray }) => isStray && master === of).map(({ sentAt }) => sentAt),
      });
  }
}

function windowOf({ groups }: Scenario, group: string): number {
  const plan = groups.find(({ id }) => id === group);
  return plan === undefined || plan.habits.startWithinMs !== undefined ? 0 : plan.config.link.k;
}

/** When a master, or another connection of the same one, came, left, or did not read. */
function actsOf({ acts, masters }: Scenario, id: string): number[] {
  const { group, name } = masters.find((master) => master.id === id) as MasterPlan;
  const isSame = (other: string): boolean =>
    other === id ||
    (name !== undefined && masters.some((each) => each.id === other && each.group === group && each.name === name));
  return acts.filter((act) => 'master' in act && act.kind !== 'command' && isSame(act.master)).map(({ at }) => at);
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

/** The largest of each collection that the processes hold, and how much they have asked of the world together. */
export function collectionsOf(system: System): Sizes {
  const all = new Map<string, number>();
  const add = (path: string, size: number): void => void all.set(path, (all.get(path) ?? 0) + size);
  for (const { process, services, bus, broker } of system.products.values()) {
    if (process.dead || bus === undefined) continue;
    for (const [path, size] of sizesOf({ services, bus })) all.set(path, Math.max(all.get(path) ?? 0, size));
    add('clock.timers', process.pendingTimers.all);
    add('broker.subscriptions', broker?.subscriptionCount ?? 0);
    add('network.sockets', system.network.open(process).sockets);
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
