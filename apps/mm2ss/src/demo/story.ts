import type { Outcome } from '@iec104mm2ss/simulator';
import type { Cast, Group } from './cast.js';
import { DemoFailure, type Patience } from './patience.js';
import type { SessionWatch } from './session-watch.js';
import { columns, paint, type Terminal } from './terminal.js';

/** Events a second of each RTU. */
export const EVENTS_PER_SECOND = 200;
const FLOW_MS = 3_000;
const OUTAGE_MS = 1_500;
/** After a command: time for a wrong answer to arrive at a wrong master. */
const LISTEN_MS = 150;
const TABLE_EVERY_MS = 3_000;

/** What happened apart from the events: to be judged at the end. */
export interface Record {
  /** Requests that did not end as they should. */
  failedRequests: number;
  requests: number;
  /** Answers that reached a master which had asked for nothing. */
  leaks: number;
  /** Events an RTU kept during its outage and sent afterwards. */
  recovered: number;
}

/** The acts of the demo, one after the other. */
export class Story {
  readonly record: Record = { failedRequests: 0, requests: 0, leaks: 0, recovered: 0 };
  private tableAt = performance.now();
  private countsAtTable = new Map<SessionWatch, number>();

  constructor(
    private readonly cast: Cast,
    private readonly terminal: Terminal,
    private readonly patience: Patience,
  ) {}

  /** Everything that happens once. */
  async tell(): Promise<void> {
    this.introduce();
    await this.connect();
    await this.letEventsFlow();
    await this.commandOne();
    await this.commandTogether();
    await this.loseRtu();
  }

  /** The status table, every few seconds, until `untilMs` (performance.now) or an interruption. */
  async goOn(untilMs: number): Promise<void> {
    const { terminal } = this;
    if (performance.now() >= untilMs) return;
    const end = untilMs === Infinity ? 'Ctrl-C ends' : 'until the time is up';
    terminal.scene(`And so on, ${end}`);
    for (;;) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return;
      await this.patience.pause(Math.min(leftMs, TABLE_EVERY_MS));
      terminal.table(['', ...this.table()]);
    }
  }

  private introduce(): void {
    const { terminal, cast } = this;
    terminal.line(
      paint('bold', 'mm2ss demo: two simulated RTUs, five simulated masters, the multiplexer between them'),
    );
    terminal.detail(`configuration: appendix A of the manual with ports moved, ${cast.file}`);
    terminal.detail(cast.multiplexer.description);
  }

  private async connect(): Promise<void> {
    const { terminal, patience, cast } = this;
    terminal.scene('Links: one connection to each RTU, five masters on it');
    for (const { sessions } of cast.groups) {
      // They go on trying by themselves; a connect() is only rejected when the demo ends before.
      for (const { master } of sessions) master.connect().catch(() => undefined);
    }
    await patience.until('all masters started', () => allStarted(cast.groups));
    for (const { config, rtu, sessions } of cast.groups) {
      const [link] = rtu.connections;
      const extra = rtu.connections.length - 1;
      terminal.detail(paint('cyan', `group ${config.id} ${config.name}, RTU number ${config.rtuNumber}`));
      terminal.detail(`  RTU ${address(rtu.address)} <- multiplexer ${link?.peer ?? 'nobody'}`);
      if (extra > 0) throw new DemoFailure(`${extra + 1} connections to ${config.name} instead of one`);
      const masters = sessions.map(({ name, master }) => `${name} ${master.localEndpoint}`);
      terminal.detail(`  multiplexer port ${config.port} <- ${masters.join(', ')}`);
    }
    const refused = sum(cast.groups, ({ master }) => master.counts.failedAttempts);
    if (refused > 0)
      terminal.detail(`until its RTU was connected, a group's port was closed: ${refused} attempts refused`);
  }

  private async letEventsFlow(): Promise<void> {
    const { terminal, patience, cast } = this;
    terminal.scene(`Events: ${EVENTS_PER_SECOND} a second from each RTU, each one to all five masters`);
    this.resetTable();
    for (const { rtu } of cast.groups) rtu.startEvents(EVENTS_PER_SECOND);
    await patience.pause(FLOW_MS);
    terminal.table(this.table());
  }

  private async commandOne(): Promise<void> {
    const group = this.cast.groups[0] as Group;
    const sender = group.sessions[2] as SessionWatch;
    const command = 'double 5100 on';
    this.terminal.scene(`A command: master ${sender.name} selects and executes '${command}' at ${group.config.name}`);
    const before = group.sessions.map(({ answers }) => answers);
    const outcome = await sender.master.command(command, { select: true });
    await this.patience.pause(LISTEN_MS);
    this.judge(sender, command, outcome);
    const others = group.sessions.map((session, index) => ({ session, count: session.answers - (before[index] ?? 0) }));
    const strays = others.filter(({ session }) => session !== sender);
    this.terminal.detail(
      `answers received: ${others.map(({ session, count }) => `${session.name} ${count}`).join(', ')}`,
    );
    this.record.leaks += strays.reduce((total, { count }) => total + count, 0);
    const leaked = strays.some(({ count }) => count > 0);
    this.terminal.detail(
      leaked
        ? paint('red', 'a master got an answer it did not ask for')
        : paint('green', 'the four others got nothing'),
    );
  }

  private async commandTogether(): Promise<void> {
    const { sessions, config } = this.cast.groups[0] as Group;
    const [a, b, , d, e] = sessions as [SessionWatch, SessionWatch, SessionWatch, SessionWatch, SessionWatch];
    this.terminal.scene(`At once: the same type, the same command and two interrogations at ${config.name}`);
    const strays = (): number => sessions.reduce((total, { master }) => total + master.counts.strays, 0);
    const before = strays();
    const asked: [SessionWatch, string, Promise<Outcome>][] = [
      [a, 'single 5001 on', a.master.command('single 5001 on')],
      [d, 'single 5002 on', d.master.command('single 5002 on')],
      [b, 'scaled 5400 1500', b.master.command('scaled 5400 1500')],
      [e, 'scaled 5400 1500', e.master.command('scaled 5400 1500')],
      [a, 'general interrogation', a.master.interrogate()],
      [b, 'general interrogation', b.master.interrogate()],
    ];
    for (const [session, what, outcome] of asked) this.judge(session, what, await outcome);
    await this.patience.pause(LISTEN_MS);
    if (strays() === before)
      this.terminal.detail(paint('green', 'each answer reached the master that asked, no other'));
    else this.terminal.detail(paint('red', 'an answer reached a wrong master'));
  }

  private async loseRtu(): Promise<void> {
    const { terminal, patience } = this;
    const { rtu, config, sessions, ledger } = this.cast.groups[0] as Group;
    const other = this.cast.groups[1] as Group;
    terminal.scene(`${config.name} goes off the network; its events go on`);
    const undisturbed = sum([other], ({ master }) => master.counts.disconnections);
    const attempts = (): number => sum([{ sessions }], ({ master }) => master.counts.failedAttempts);
    const [refusedBefore, createdBefore] = [attempts(), ledger.total];
    await rtu.stop();
    await patience.until('the masters of the lost RTU dropped', () => sessions.every(({ master }) => !master.started));
    terminal.detail('all five masters were disconnected');
    await patience.pause(OUTAGE_MS);
    await patience.until('a master refused', () => attempts() > refusedBefore);
    terminal.detail(`connecting again they are refused: ${attempts() - refusedBefore} attempts`);
    const stillFlowing = sum([other], ({ master }) => master.counts.disconnections) === undisturbed;
    if (!stillFlowing) throw new DemoFailure(`the outage of ${config.name} disturbed ${other.config.name}`);
    terminal.detail(`${other.config.name} and its masters noticed nothing`);

    terminal.scene(`${config.name} is back`);
    const [returnedAt, waiting, total] = [performance.now(), ledger.undelivered, ledger.total];
    await rtu.start();
    await patience.until('all masters started again', () => allStarted([{ sessions }]));
    const seconds = ((performance.now() - returnedAt) / 1000).toFixed(1);
    await patience.until('the events of the outage delivered', () => ledger.delivered >= total);
    this.record.recovered = waiting;
    terminal.detail(`all five masters are connected and started again after ${seconds} s`);
    terminal.detail(
      paint(
        'green',
        `${waiting} events kept by the RTU have arrived (${total - createdBefore} came into being meanwhile)`,
      ),
    );
  }

  private judge(session: SessionWatch, what: string, { result, cause, terminated, durationMs }: Outcome): void {
    this.record.requests++;
    const good = result === 'positive' && terminated;
    if (!good) this.record.failedRequests++;
    const text = good
      ? `ACT_CON and ACT_TERM within ${durationMs.toFixed(1)} ms`
      : paint('red', `${result}${cause === undefined ? '' : `, COT ${cause}`} after ${durationMs.toFixed(1)} ms`);
    this.terminal.detail(`${session.name}: ${what}: ${text}`);
  }

  /** One row per master and RTU; rates and latencies since the table before. */
  private table(): string[] {
    const now = performance.now();
    const seconds = (now - this.tableAt) / 1000;
    this.tableAt = now;
    const rows = [['RTU <- master', 'state', 'events', 'per second', 'p50 ms', 'p99 ms', 'answers']];
    for (const { config, sessions } of this.cast.groups) {
      for (const session of sessions) {
        const rate = (session.events - (this.countsAtTable.get(session) ?? 0)) / seconds;
        this.countsAtTable.set(session, session.events);
        rows.push([
          `${config.name} <- ${session.name}`,
          session.master.started ? 'started' : 'away',
          String(session.events),
          rate.toFixed(0),
          milliseconds(session.recent.percentile(0.5)),
          milliseconds(session.recent.percentile(0.99)),
          String(session.answers),
        ]);
        session.recent.clear();
      }
    }
    const [head = '', ...body] = columns(rows).map((line) => `          ${line}`);
    return [paint('dim', head), ...body];
  }

  private resetTable(): void {
    this.tableAt = performance.now();
    for (const { sessions } of this.cast.groups) {
      for (const session of sessions) this.countsAtTable.set(session, session.events);
    }
  }
}

type WithSessions = Pick<Group, 'sessions'>;

function allStarted(groups: readonly WithSessions[]): boolean {
  return groups.every(({ sessions }) => sessions.every(({ master }) => master.started));
}

function sum(groups: readonly WithSessions[], count: (session: SessionWatch) => number): number {
  return groups.reduce((total, { sessions }) => total + sessions.reduce((all, session) => all + count(session), 0), 0);
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '-' : ms.toFixed(2);
}

function address({ host, port }: { host: string; port: number }): string {
  return `${host}:${port}`;
}
