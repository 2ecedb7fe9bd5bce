import { type Bus, BusError, controlSubject } from '@iec104mm2ss/bus';
import type { GroupStatus, MasterStatus } from '@iec104mm2ss/observability';
import { decodeControlAnswer, encodeControlRequest, WireError } from '@iec104mm2ss/wire';

/** Verbs that concern the RTU link of a group. */
export const LINK_VERBS = ['restart', 'next-host'] as const;
export type LinkVerb = (typeof LINK_VERBS)[number];

/** How long the one who is concerned may take to answer. */
export const ANSWER_MS = 2_000;

/**
 * What became of what an operator wants. `done`; `refused` by the one who serves the group; `nobody` serves it, or no such
 * master is there; `unavailable`: nobody could be asked.
 */
export interface ControlOutcome {
  readonly result: 'done' | 'refused' | 'nobody' | 'unavailable';
  /** For people. */
  readonly message: string;
  /** Who answered. */
  readonly instance?: string;
}

/** Brings what operators want to the process that can do it. */
export class ControlDesk {
  /** @param groups what all processes know now */
  constructor(
    private readonly bus: Pick<Bus, 'request'>,
    private readonly groups: () => Promise<readonly GroupStatus[]>,
  ) {}

  /** @param by who wants it, for the log of the one who does it */
  async order(verb: LinkVerb, group: string, by: string): Promise<ControlOutcome> {
    const outcome = await this.ask(verb, { group, by }, `no connector serves group ${group}`);
    if (outcome.result !== 'nobody' || (await this.groups()).some(({ id }) => id === group)) return outcome;
    return { result: 'nobody', message: unknownGroup(group) };
  }

  /** Begins or ends observe mode of a group. */
  async observe(group: string, on: boolean, by: string): Promise<ControlOutcome> {
    return this.ask('observe', { group, by, on }, `no router serves group ${group}`);
  }

  /** @param master session number, address, address:port, or name of the master; it must be one only */
  async disconnect(group: string, master: string, by: string): Promise<ControlOutcome> {
    const status = (await this.groups()).find(({ id }) => id === group);
    if (status === undefined) return { result: 'nobody', message: unknownGroup(group) };
    const found = mastersCalled(status.masters, master);
    const [only] = found;
    if (only === undefined) return { result: 'nobody', message: `group ${group} has no master ${master}` };
    if (found.length > 1) {
      const list = found.map(({ session, peer }) => `${session} (${peer ?? 'unknown'})`).join(', ');
      return { result: 'refused', message: `${master} has several sessions, name one of them: ${list}` };
    }
    const session = Number(only.session);
    return this.ask(
      'disconnect',
      { group, session, by },
      `no gateway has session ${session} of group ${group} any more`,
    );
  }

  private async ask(
    verb: string,
    request: Parameters<typeof encodeControlRequest>[0],
    nobody: string,
  ): Promise<ControlOutcome> {
    try {
      const data = await this.bus.request(controlSubject(verb), encodeControlRequest(request), ANSWER_MS);
      const answer = decodeControlAnswer(data);
      if (answer instanceof WireError) return { result: 'unavailable', message: answer.message };
      const { ok, message, instance } = answer;
      return { result: ok ? 'done' : 'refused', message, instance };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const silent = error.code === 'TIMEOUT' || error.code === 'NO_RESPONDERS';
      return silent ? { result: 'nobody', message: nobody } : { result: 'unavailable', message: error.message };
    }
  }
}

function unknownGroup(group: string): string {
  return `no process knows a group ${group}`;
}

function mastersCalled(masters: readonly MasterStatus[], text: string): MasterStatus[] {
  const bySession = masters.filter(({ session }) => session === text);
  if (bySession.length > 0) return bySession;
  return masters.filter(({ peer, name }) => name === text || peer === text || addressOf(peer) === text);
}

/** Without the port; IPv6 without brackets. */
function addressOf(peer: string | null): string | undefined {
  return peer?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
