import { type Bus, controlSubject, type FenceGuard } from '@iec104mm2ss/bus';
import type { ConnectionRefusal } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  decodeAdmissionAnswer,
  encodeAdmissionRequest,
  reasonOf,
  WireError,
} from '@iec104mm2ss/wire';

/** How long one request waits for its answer, and how long the router is asked again: another one may be taking over. */
export const ADMISSION_TIMEOUT_MS = 1_000;
export const ADMISSION_MS = 5_000;
/** Pause before it is asked again. */
export const ADMISSION_PAUSE_MS = 250;

export type Admitted = Extract<AdmissionAnswer, { ok: true }>;
export interface NotAdmitted {
  readonly ok: false;
  /** A code of the router, or `router`: none has answered, or `given_up`: the connection is not wanted any more. */
  readonly code: ConnectionRefusal;
  readonly message: string;
  /** The router has decided it, and logged it. */
  readonly byRouter: boolean;
}

const GIVEN_UP: NotAdmitted = {
  ok: false,
  code: 'given_up',
  message: 'the connection is not wanted any more',
  byRouter: false,
};

/**
 * One connection of a master that waits for the router's word. Every request carries the number of the connection, so
 * asking again makes no second session. An answer counts when it comes from the router whose lease is in force.
 */
export class AdmissionAttempt {
  private cancelled = false;
  private timer: unknown;
  private resume: (() => void) | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly guard: FenceGuard,
    private readonly request: Omit<AdmissionRequest, 'v'>,
    private readonly subject = controlSubject('admit'),
  ) {}

  get address(): string {
    return this.request.address;
  }

  async ask(): Promise<Admitted | NotAdmitted> {
    // A master that left and is back at once was heard to leave before it is asked whether there is a place.
    await new Promise<void>((resolve) => this.clock.soon(resolve));
    if (this.cancelled) return GIVEN_UP;
    const giveUpAt = this.clock.now() + ADMISSION_MS;
    const request = encodeAdmissionRequest(this.request);
    let reason: string;
    do {
      try {
        const answer = decodeAdmissionAnswer(await this.bus.request(this.subject, request, ADMISSION_TIMEOUT_MS));
        if (answer instanceof WireError) {
          this.bus.drops.add(this.subject, answer.code, answer.message);
          reason = answer.message;
        } else if (answer.ok) {
          if (await this.inForce(answer.fence)) return answer;
          reason = 'it no longer owns the group';
        } else {
          const code = reasonOf(answer);
          if (code !== 'not_ready') return { ok: false, code, message: answer.message, byRouter: true };
          reason = answer.message;
        }
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      await this.pause(ADMISSION_PAUSE_MS);
    } while (!this.cancelled && this.clock.now() < giveUpAt);
    if (this.cancelled) return GIVEN_UP;
    return { ok: false, code: 'router', message: `no router answers (${reason})`, byRouter: false };
  }

  /** Asks no more. */
  cancel(): void {
    this.cancelled = true;
    this.goOn();
  }

  private async inForce(fence: number): Promise<boolean> {
    if (fence === this.guard.current) return true;
    let inForce = false;
    this.guard.run(this.subject, fence, () => {
      inForce = true;
      this.goOn();
    });
    if (!inForce) await this.pause(ADMISSION_PAUSE_MS);
    return inForce;
  }

  private pause(ms: number): Promise<void> {
    if (this.cancelled) return Promise.resolve();
    return new Promise((resolve) => {
      this.resume = resolve;
      this.timer = this.clock.setTimer(() => this.goOn(), ms);
    });
  }

  private goOn(): void {
    this.clock.clearTimer(this.timer);
    this.resume?.();
    this.resume = undefined;
  }
}
