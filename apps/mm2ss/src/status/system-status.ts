import { type Bus, BUS } from '@iec104mm2ss/bus';
import type { Status } from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { ANSWER_MS, askAllStatus } from './ask-all.js';
import { HeardProcesses, processStatus } from './heard.js';
import type { Known } from './known.js';
import { configurationStatus, mergeKnown, systemView } from './merged.js';
import { OwnStatus } from './own-status.js';

/** How old an answer about other processes may be: however many ask here, they are asked no more often. */
export const MAX_AGE_MS = 1_000;

interface Round {
  readonly begun: number;
  readonly status: Promise<Status>;
  /** The same as text, made when it is first wanted. */
  text?: Promise<string>;
}

/** `GET /status`: what this process knows, and what all of them know together. */
@Injectable()
export class SystemStatus {
  private readonly heard = new HeardProcesses();
  /** The newest ones, by how long they wait. */
  private readonly rounds = new Map<number, Round>();

  constructor(
    @Inject(BUS) private readonly bus: Pick<Bus, 'kind' | 'connected' | 'askAll' | 'drops'>,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock' | 'instance'>,
    @Inject(OwnStatus) private readonly own: OwnStatus,
  ) {}

  /** Of this process alone. */
  async ofProcess(): Promise<Status> {
    const own = await this.own.known();
    const processes = [processStatus(own, false, this.runtime.clock.wallMs())];
    return {
      ...this.own.head(),
      scope: 'process',
      processes,
      configuration: configurationStatus(processes),
      groups: await mergeKnown([own]),
    };
  }

  /** Of all processes on the bus: each is asked, and those that do not answer in time are named. */
  ofSystem(waitMs = ANSWER_MS): Promise<Status> {
    return this.currentRound(waitMs).status;
  }

  /** The same as JSON, made once for all who ask at the same time. */
  systemText(waitMs = ANSWER_MS): Promise<string> {
    const round = this.currentRound(waitMs);
    round.text ??= round.status.then((status) => JSON.stringify(status));
    return round.text;
  }

  /** A process ended as it was told to. */
  left(instance: string): void {
    this.heard.forget(instance);
  }

  private currentRound(waitMs: number): Round {
    const now = this.runtime.clock.now();
    const last = this.rounds.get(waitMs);
    if (this.bus.kind === 'nats' && last !== undefined && now - last.begun < waitMs - ANSWER_MS + MAX_AGE_MS)
      return last;
    const round: Round = { begun: now, status: this.ask(waitMs) };
    this.rounds.set(waitMs, round);
    // What failed is not kept.
    round.status.catch(() => {
      if (this.rounds.get(waitMs) === round) this.rounds.delete(waitMs);
    });
    return round;
  }

  private async ask(waitMs: number): Promise<Status> {
    const { clock, instance } = this.runtime;
    const others = this.bus.kind === 'nats' && this.bus.connected ? await this.askOthers(waitMs) : [];
    const own = await this.own.known();
    const answers = [own, ...others];
    for (const known of answers) this.heard.add(known, clock.now(), clock.wallMs());
    this.heard.asked(answers);
    return { ...this.own.head(), scope: 'system', ...(await systemView(answers, this.heard, instance)) };
  }

  private async askOthers(waitMs: number): Promise<Known[]> {
    const { clock, instance } = this.runtime;
    const expected = this.heard.expected(clock.now());
    expected.delete(instance);
    const answers = await askAllStatus(this.bus, clock, instance, expected, waitMs);
    return [...answers.values()].filter(({ process }) => process.instance !== instance);
  }
}
