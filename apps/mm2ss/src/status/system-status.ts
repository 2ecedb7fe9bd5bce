import { type Bus, BUS } from '@iec104mm2ss/bus';
import type { Status } from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { askAllStatus } from './ask-all.js';
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
  private round: Round | undefined;

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

  /** Of all processes on the bus: each is asked, and those that do not answer are named. */
  ofSystem(): Promise<Status> {
    return this.currentRound().status;
  }

  /** The same as JSON, made once for all who ask at the same time. */
  systemText(): Promise<string> {
    const round = this.currentRound();
    round.text ??= round.status.then((status) => JSON.stringify(status));
    return round.text;
  }

  /** A process ended as it was told to. */
  left(instance: string): void {
    this.heard.forget(instance);
  }

  private currentRound(): Round {
    const now = this.runtime.clock.now();
    const shared = this.bus.kind === 'nats' && this.round !== undefined && now - this.round.begun < MAX_AGE_MS;
    if (shared && this.round !== undefined) return this.round;
    const round: Round = { begun: now, status: this.ask() };
    this.round = round;
    // What failed is not kept.
    round.status.catch(() => {
      if (this.round === round) this.round = undefined;
    });
    return round;
  }

  private async ask(): Promise<Status> {
    const { clock, instance } = this.runtime;
    const others = this.bus.kind === 'nats' && this.bus.connected ? await this.askOthers() : [];
    const own = await this.own.known();
    const answers = [own, ...others];
    for (const known of answers) this.heard.add(known, clock.now(), clock.wallMs());
    this.heard.asked(answers);
    return { ...this.own.head(), scope: 'system', ...(await systemView(answers, this.heard, instance)) };
  }

  private async askOthers(): Promise<Known[]> {
    const { clock, instance } = this.runtime;
    const expected = this.heard.expected(clock.now());
    expected.delete(instance);
    const answers = await askAllStatus(this.bus, clock, instance, expected);
    return [...answers.values()].filter(({ process }) => process.instance !== instance);
  }
}
