import { AsduView, Cause, Coi, mirror } from '@iec104mm2ss/iec104';
import type { Clock } from '@iec104mm2ss/runtime';
import { type CommandedValue, type CommandExecution, pointValue } from './command-execution.js';
import type { ProcessImage } from './process-image.js';
import { answer, type RequestContext } from './request-handler.js';
import type { RtuConnection } from './rtu-connection.js';
import type { RtuOptions } from './rtu-options.js';
import type { RtuSimulator } from './rtu-simulator.js';

/** What requests need of their RTU that nobody else may use. */
export interface RtuInside {
  readonly clock: Clock;
  /** Number the next event will get. */
  nextEvent(): number;
  setClock(epochMs: number): void;
}

/** The requests of an RTU's masters, and the commands that are being carried out. */
export class RtuRequests {
  private readonly context: RequestContext;
  /** Timers of commands that take a while. */
  private readonly executions = new Set<unknown>();

  constructor(
    private readonly rtu: RtuSimulator,
    private readonly image: ProcessImage,
    private readonly commands: CommandExecution,
    private readonly options: RtuOptions,
    private readonly inside: RtuInside,
  ) {
    this.context = this.requestContext();
  }

  onRequest(connection: RtuConnection, asdu: Uint8Array): void {
    const { counts } = this.rtu;
    counts.requests++;
    const request = { connection, asdu };
    const { faults } = this.rtu;
    const { typeId, cot } = new AsduView(asdu);
    if (faults.ignoreTypes.includes(typeId)) {
      counts.ignored++;
      this.rtu.emit('request', request, 'ignored', 'fault');
      return;
    }
    if (faults.refuseTypes.includes(typeId)) {
      connection.reply(mirror(asdu, cot === Cause.DEACT ? Cause.DEACT_CON : Cause.ACT_CON, true));
      counts.refused++;
      this.rtu.emit('request', request, 'refused', 'fault');
      return;
    }
    const intercepted = this.options.intercept?.(request) ?? 'answer';
    if (intercepted === 'ignore') {
      counts.ignored++;
      this.rtu.emit('request', request, 'ignored', 'intercepted');
      return;
    }
    if (intercepted !== 'answer') {
      for (const reply of intercepted) connection.reply(reply);
      this.rtu.emit('request', request, 'answered', 'intercepted');
      return;
    }
    const { result, reason } = answer(asdu, connection, this.context);
    if (result !== 'answered') counts[result]++;
    this.rtu.emit('request', request, result, reason);
  }

  /** Moves the point that a command works on, and tells of it. */
  carryOut(command: CommandedValue): void {
    const compat = this.options.compat === true;
    const point = this.image.command(command.ioa, compat ? undefined : command.kind)?.point;
    if (point === undefined) return;
    const isState = point.kind === 'single' || point.kind === 'double';
    const value = compat && !isState ? point.value : pointValue(point, command.kind, command.value);
    this.rtu.tell(point, value, compat ? Cause.SPONT : Cause.RETREM);
    this.rtu.emit('executed', command.ioa, point.current, point.name);
  }

  /** Gives up what is being carried out. */
  close(): void {
    for (const timer of this.executions) this.inside.clock.clearTimer(timer);
    this.executions.clear();
  }

  private requestContext(): RequestContext {
    const { rtu, image, commands, options, inside } = this;
    return {
      ca: rtu.ca,
      get faults() {
        return rtu.faults;
      },
      compat: options.compat ?? false,
      oneInterrogationAtATime: options.oneInterrogationAtATime ?? false,
      image,
      commands,
      nextEvent: () => inside.nextEvent(),
      execute: (command, done) => this.execute(command, done),
      interrogated: (connection, group, oa) => {
        const { interrogationCause } = rtu.faults;
        const objects =
          options.interrogated?.(oa) ??
          image.interrogated(group, oa, interrogationCause === 0 ? undefined : interrogationCause);
        rtu.emit('interrogation', connection, objects);
        return objects;
      },
      interrogationEnded: (connection) => void rtu.emit('interrogationEnded', connection),
      setClock: (epochMs) => {
        if (options.clockCanBeSet ?? true) inside.setClock(epochMs);
      },
      clearEvents: () => rtu.clearEvents(),
      resetProcess: () => {
        image.reset();
        commands.clearSelections();
        const initialized = image.endOfInitialization(Coi.REMOTE_RESET);
        for (const connection of rtu.connections) if (connection.started) connection.reply(initialized);
      },
    };
  }

  private execute(command: CommandedValue, done: (afterEvent: number) => void): void {
    const finish = (): void => {
      this.commands.finished(command.ioa);
      this.carryOut(command);
      this.rtu.emit('commanded', command);
      done(this.inside.nextEvent());
    };
    const durationMs = this.options.commandDurationMs ?? 0;
    // Its ACT_TERM comes first there, the status behind it.
    if (this.options.compat === true) {
      done(0);
      this.carryOut(command);
      this.rtu.emit('commanded', command);
      return;
    }
    if (durationMs === 0) {
      finish();
      return;
    }
    const timer = this.inside.clock.setTimer(() => {
      this.executions.delete(timer);
      finish();
    }, durationMs);
    this.executions.add(timer);
  }
}
