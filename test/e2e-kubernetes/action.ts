/** Something is done to the cluster while events flow, and then everybody's account is drawn up. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { COMMAND_TIMEOUT_MS } from '../e2e/stations.ts';
import { until } from './cluster.ts';
import type { Field, FieldGroup, FieldMaster } from './field.ts';
import { EVENTS_PER_SECOND } from './settings.ts';

const RESULTS = resolve(import.meta.dirname, '../../test-results');
/** Load before the action, and after it is over. */
const LEAD_MS = 2_000;
const TAIL_MS = 4_000;
/** How long everything may take to arrive once the RTUs are quiet. */
const SETTLE_MS = 60_000;
const COMMAND_PAUSE_MS = 200;
/** Objects of the commands; the first master of each group gives them. */
const COMMANDED_IOA = 5_000;
/** k of both links, of the RTU's connection and the master's: what can be unacknowledged when both end. */
const WINDOW = 12;

export interface Expected {
  /** Groups that are looked at; default all there are when the action begins. */
  readonly groups?: readonly string[];
  /** Groups whose masters may be disconnected; default all. */
  readonly disturbed?: readonly string[];
  /** Groups whose RTU may be connected anew; default none. */
  readonly relinked?: readonly string[];
  /** How often each master may be cut off at most. */
  readonly breaks?: number;
  /** Events that each master may get again, for every break; acknowledgements are reported a few times a second. */
  readonly repeats?: number;
}

/** What an action cost, for people. */
export interface Figures {
  readonly action: string;
  readonly seconds: number;
  readonly events: number;
  readonly missing: number;
  readonly repeats: string;
  /** Longest time without a new event, of each master. */
  readonly silenceMs: string;
  /** Connections that ended, of masters that had any; then those of RTUs that were made anew. */
  readonly breaks: string;
  readonly rtuLinks: string;
  readonly commands: string;
  readonly notes: string;
}

/** @param action resolves when it is over, and may say something about it */
export async function underLoad(
  name: string,
  field: Field,
  action: () => Promise<string | void>,
  expected: Expected = {},
): Promise<Figures> {
  const groups = [...field.groups.values()].filter(({ id }) => expected.groups?.includes(id) ?? true);
  const masters = groups.flatMap((group) => group.masters);
  const before = new Map(groups.map((group) => [group.id, group.rtu.counts.connections]));
  const breaksBefore = new Map(masters.map(({ name, way }) => [name, way.breaks.length]));
  const from = new Map(groups.map((group) => [group.id, group.ledger.total]));
  for (const { station } of masters) station.startAccount();
  for (const group of groups) {
    group.doubles.length = 0;
    group.linkEnds.length = 0;
    group.rtu.startEvents(EVENTS_PER_SECOND);
    group.masters[0]?.station.startCommanding(COMMANDED_IOA, COMMAND_PAUSE_MS);
  }
  await delay(LEAD_MS);
  const startedAt = performance.now();
  let notes = '';
  let failure: unknown;
  try {
    notes = (await action()) ?? '';
  } catch (error) {
    failure = error;
  }
  const overAt = performance.now();
  await delay(TAIL_MS);
  for (const { rtu } of groups) rtu.stopEvents();
  const endedAt = performance.now();
  for (const {
    masters: [first],
  } of groups)
    await first?.station.stopCommanding();
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error(JSON.stringify(failure));

  const late = (group: FieldGroup): FieldMaster[] =>
    group.masters.filter(({ station }) => station.newest < group.ledger.total - 1);
  const lateOnes = (): FieldMaster[] => groups.flatMap(late);
  await until('the newest event is everywhere', () => lateOnes().length === 0, SETTLE_MS).catch(() => undefined);
  const accounts = new Map(masters.map(({ name, station }) => [name, station.account()]));
  const breaks = new Map(masters.map(({ name, way }) => [name, way.breaks.length - (breaksBefore.get(name) ?? 0)]));
  const links = new Map(groups.map(({ id, rtu }) => [id, rtu.counts.connections - (before.get(id) ?? 0)]));
  const outcomes = masters.flatMap(({ station }) => station.outcomes);
  const count = (result: string): number => outcomes.filter((outcome) => outcome.result === result).length;
  const figures: Figures = {
    action: name,
    seconds: Math.round((overAt - startedAt) / 100) / 10,
    events: groups.reduce((sum, { id, ledger }) => sum + ledger.total - (from.get(id) ?? 0), 0),
    missing: [...accounts.values()].reduce((sum, { missing }) => sum + missing, 0),
    repeats: perName(accounts, ({ repeats }) => repeats),
    silenceMs: masters
      .map(({ name: who, station }) => `${who}:${Math.round(station.longestSilence(startedAt, endedAt))}`)
      .join(' '),
    breaks: perName(breaks, (times) => times),
    rtuLinks: perName(links, (times) => times),
    commands: `${outcomes.length} (${count('negative')} refused, ${count('closed')} closed, ${count('timeout')} unanswered)`,
    notes,
  };
  report(figures);
  judge(groups, accounts, breaks, links, expected);
  return figures;
}

function perName<T>(values: ReadonlyMap<string, T>, figure: (value: T) => number): string {
  const some = [...values].map(([name, value]) => [name, figure(value)] as const).filter(([, value]) => value > 0);
  return some.length === 0 ? 'none' : some.map(([name, value]) => `${name}:${value}`).join(' ');
}

function judge(
  groups: readonly FieldGroup[],
  accounts: ReadonlyMap<string, ReturnType<FieldMaster['station']['account']>>,
  breaks: ReadonlyMap<string, number>,
  links: ReadonlyMap<string, number>,
  { disturbed = groups.map(({ id }) => id), relinked = [], breaks: most = Infinity, repeats }: Expected,
): void {
  for (const { id, rtu, masters, doubles, linkEnds } of groups) {
    expect(rtu.counts.overflow, `events that the RTU of ${id} lost itself`).toBe(0);
    expect(doubles, `times at which the RTU of ${id} had two connections`).toEqual([]);
    if (!relinked.includes(id))
      expect(links.get(id), `new connections of the RTU of ${id} (${linkEnds.join('; ')})`).toBe(0);
    for (const { name, station } of masters) {
      const account = accounts.get(name);
      const label = `master ${name} of ${id}: ${JSON.stringify(account)} ${station.reasons.join('; ')}`;
      expect(account, label).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
      expect(station.strays, `answers to ${name} that it never asked for`).toBe(0);
      const own = breaks.get(name) ?? 0;
      expect(own, `broken connections, ${label}`).toBeLessThanOrEqual(disturbed.includes(id) ? most : 0);
      // What was not acknowledged when a connection ended comes again; and when the RTU's did.
      const anew = own + (links.get(id) ?? 0);
      expect(account?.repeats, label).toBeLessThanOrEqual(repeats ?? anew * ACKNOWLEDGED_LATE + WINDOW);
      for (const { confirmedAfterMs = 0 } of station.outcomes)
        expect(confirmedAfterMs).toBeLessThan(COMMAND_TIMEOUT_MS);
    }
  }
}

/** Events of one second: as old as the acknowledgements that a gateway had not handed on may be. */
const ACKNOWLEDGED_LATE = EVENTS_PER_SECOND;

/** Every figure of this file's run, for the table at its end. */
const reported: Figures[] = [];

function report(figures: Figures): void {
  mkdirSync(RESULTS, { recursive: true });
  reported.push(figures);
  console.log(describe(figures));
  appendFileSync(
    join(RESULTS, 'kubernetes.jsonl'),
    `${JSON.stringify({ at: new Date().toISOString(), ...figures })}\n`,
  );
}

const describe = ({
  action,
  seconds,
  events,
  missing,
  repeats,
  silenceMs,
  breaks,
  rtuLinks,
  commands,
  notes,
}: Figures): string =>
  [
    `${action}: ${seconds} s, ${events} events, missing ${missing}, repeated ${repeats}`,
    `  longest without events ${silenceMs} ms; masters cut off ${breaks}; RTU connections made anew ${rtuLinks}`,
    `  commands ${commands} ${notes}`,
  ].join('\n');

export const summary = (): string => reported.map(describe).join('\n');
