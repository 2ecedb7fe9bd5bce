import {
  bitstringCommand,
  Cause,
  encodeAsdu,
  interrogation,
  readCommand,
  setpointFloat,
  singleCommand,
} from '@iec104mm2ss/iec104';
import type { GivenCommand } from '../accounts/command-book.ts';
import type { Master } from '../actors/master.ts';
import type { CommandPlan } from '../scenario/scenario.ts';
import type { System } from './system.ts';

const EXECUTE_AFTER_MS = 200;
/** Probes have objects of their own. */
const PROBE_IOA = 9_000;
const BROADCAST_CA = 65_535;

/** Turns what masters are to do into ASDUs with values of their own, and executes what was selected. */
export class CommandGiver {
  private values = 1;
  /** Selects whose execute follows their confirmation. */
  private readonly executes = new Map<number, Uint8Array>();

  constructor(private readonly system: System) {}

  give(id: string, plan: CommandPlan): void {
    const master = this.system.masters.get(id);
    if (master === undefined) return;
    const ca = this.system.scenario.groups.find(({ id: group }) => group === master.options.group)?.habits.cas[0] ?? 1;
    master.process.start(() => this.send(master, ca, plan));
  }

  /** A command that is expected to be answered. */
  probe(master: Master, index: number, done: (command: GivenCommand | undefined) => void): void {
    const ca = this.system.scenario.groups.find(({ id }) => id === master.options.group)?.habits.cas[0] ?? 1;
    master.process.start(() => done(master.send(bitstringCommand(ca, PROBE_IOA + index, this.values++))));
  }

  /** An interrogation that is expected to be answered. */
  ask(master: Master, done: (command: GivenCommand | undefined) => void): void {
    const ca = this.system.scenario.groups.find(({ id }) => id === master.options.group)?.habits.cas[0] ?? 1;
    master.process.start(() => done(master.send(interrogation(ca))));
  }

  onAnswer(command: GivenCommand, cause: number, negative: boolean): void {
    const execute = this.executes.get(command.id);
    if (execute === undefined || cause !== Cause.ACT_CON) return;
    this.executes.delete(command.id);
    if (negative) return;
    const master = this.system.masters.get(command.master);
    master?.process.setTimer(() => master.send(execute), EXECUTE_AFTER_MS);
  }

  private send(master: Master, ca: number, plan: CommandPlan): void {
    const value = this.values++;
    switch (plan.type) {
      case 'bitstring':
        master.send(bitstringCommand(ca, plan.ioa, value));
        break;
      case 'single':
        master.send(singleCommand(ca, plan.ioa, plan.value));
        break;
      case 'setpoint': {
        const select = setpointFloat(ca, plan.ioa, value, { select: true });
        const execute = setpointFloat(ca, plan.ioa, value);
        const command = master.send(plan.steps === 'execute' ? execute : select);
        if (plan.steps === 'both' && command !== undefined) this.executes.set(command.id, execute);
        break;
      }
      case 'interrogation':
        master.send(interrogation(plan.ca));
        break;
      case 'read':
        master.send(readCommand(ca, plan.ioa));
        break;
      case 'twoObjects': {
        const objects = [plan.ioa, plan.ioa + 1].map((ioa) => ({ ioa, value: true }));
        master.send(encodeAsdu({ type: 'C_SC_NA_1', cot: Cause.ACT, ca, objects }));
        break;
      }
      case 'toAll':
        master.send(singleCommand(BROADCAST_CA, plan.ioa, true));
        break;
    }
  }
}
