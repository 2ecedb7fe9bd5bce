import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { matchesAny } from '@iec104mm2ss/config';
import { Cause } from '@iec104mm2ss/iec104';
import { LoadPace } from '../load/load-pace.js';
import type { LoadProfile } from '../load/load-profile.js';
import { localCp56 } from '../rtu/local-time.js';
import type { RtuOptions } from '../rtu/rtu-options.js';
import { RtuSimulator } from '../rtu/rtu-simulator.js';
import type { IoFile } from '../rtu-files/io-file.js';
import type { LoadedStation } from '../rtu-files/load.js';
import type { RunOutcome } from './index-run.js';
import { rowsOfPoints, stationPoints } from './io-points.js';
import { rowAsdu, Station } from './station.js';
import { logStation } from './station-journal.js';
import type { LogSink } from './station-log.js';

export interface FleetOptions {
  /** Address that the stations listen on; default: all. */
  readonly host?: string;
  /** As the IEC104-RTU-Simulator does it; default: as a real RTU. */
  readonly compat?: boolean;
  readonly scheduler?: DeadlineScheduler;
  /** Lines of each station; default: nowhere. */
  readonly log?: (station: Station) => LogSink;
}

/** What became of sending an index, by station. */
export type SendOutcomes = ReadonlyMap<Station, RunOutcome>;

/** The longest time to the next TESTFR act that edition 2 knows; the old program sends none. */
const NO_TEST_MS = 172_800_000;

/**
 * Any number of simulated RTUs in one process. Those of one RTU number are the ports of one redundant RTU: a command to one of
 * them is carried out on all.
 *
 *     const fleet = new RtuFleet();
 *     for (const each of loadStations('iec104rs.csv').stations) fleet.load(each);
 *     await fleet.start();
 *     await fleet.send(0);
 */
export class RtuFleet implements AsyncDisposable {
  readonly stations: Station[] = [];
  readonly scheduler: DeadlineScheduler;
  private readonly compat: boolean;
  private pace: LoadPace | undefined;
  /** Whose turn it is to have an event more than others. */
  private turn = 0;

  constructor(private readonly options: FleetOptions = {}) {
    this.scheduler = options.scheduler ?? new DeadlineScheduler();
    this.compat = options.compat ?? false;
  }

  /** Adds a station of an `iec104rs.csv`. */
  load({ station, io }: LoadedStation, more: RtuOptions = {}): Station {
    const { id, name, rtuNumber, port, hosts, k, idleSeconds } = station;
    const { points, commands } = stationPoints(io);
    const options: RtuOptions = {
      port,
      ca: rtuNumber,
      points,
      commands,
      link: { k, ...(this.compat && { t3Ms: NO_TEST_MS }) },
      idleTimeMs: idleSeconds * 1000,
      endOfInitialization: 'every-start',
      ...(hosts.length > 0 && { accepts: (address) => matchesAny(hosts, address) }),
      ...(this.compat && this.compatOptions(io, rtuNumber)),
      ...more,
    };
    return this.add({ id, name, rtuNumber }, options, io);
  }

  /** Adds a station with a point list. */
  add(
    { id, name, rtuNumber }: { readonly id: string; readonly name: string; readonly rtuNumber: number },
    options: RtuOptions,
    io: IoFile = rowsOfPoints(options.points ?? []),
  ): Station {
    const { scheduler } = this;
    const host = this.options.host ?? '0.0.0.0';
    const rtu = new RtuSimulator({ host, scheduler, ...options, ca: rtuNumber });
    const station = new Station({ id, name, rtuNumber, io }, rtu, scheduler.clock, this.compat);
    const log = this.options.log?.(station);
    if (log !== undefined) logStation(station, log);
    rtu.on('commanded', (command) => {
      for (const other of this.stations) {
        if (other !== station && other.rtuNumber === rtuNumber) other.rtu.follow(command);
      }
    });
    this.stations.push(station);
    return station;
  }

  /** Lets all of them listen. Rejects with the first that cannot; those before it do. */
  async start(): Promise<void> {
    for (const { rtu } of this.stations) await rtu.start();
  }

  async close(): Promise<void> {
    this.stop();
    this.setLoad(undefined);
    await Promise.all(this.stations.map(({ rtu }) => rtu.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A station by its id; undefined when there is none. */
  station(id: string): Station | undefined {
    return this.stations.find((station) => station.id === id);
  }

  /** Sends an index from every station, or those of one RTU number, at once; 0: all rows. Repeated for `durationMs`. */
  async send(index: number, durationMs = 0, rtuNumber?: number): Promise<SendOutcomes> {
    const outcomes = await Promise.all(
      this.of(rtuNumber).map(async (station) => [station, await station.send(index, durationMs)] as const),
    );
    return new Map(outcomes);
  }

  /** Ends all that is being sent by index, or that of one RTU number. */
  stop(rtuNumber?: number): void {
    for (const station of this.of(rtuNumber)) station.stopSending();
  }

  /**
   * Spontaneous events of all started stations together as a profile has it, the stations taking turns; undefined: none.
   * Replaces the profile before.
   */
  setLoad(profile: LoadProfile | undefined): void {
    this.pace?.stop();
    this.pace = undefined;
    if (profile !== undefined) this.pace = new LoadPace(this.scheduler.clock, profile, (count) => this.spread(count));
  }

  /** The profile that `setLoad` was given last. */
  get profile(): LoadProfile | undefined {
    return this.pace?.profile;
  }

  /** The stations of an RTU number; undefined: all. */
  of(rtuNumber: number | undefined): Station[] {
    return this.stations.filter((station) => rtuNumber === undefined || station.rtuNumber === rtuNumber);
  }

  private spread(count: number): void {
    const started = this.stations.filter((station) => station.started);
    if (started.length === 0) return;
    const each = Math.floor(count / started.length);
    const rest = count % started.length;
    this.turn %= started.length;
    for (const [at, { rtu }] of started.entries()) {
      const isIts = (at - this.turn + started.length) % started.length < rest;
      const events = each + (isIts ? 1 : 0);
      if (events > 0) rtu.burst(events);
    }
    this.turn += rest;
  }

  private compatOptions(io: IoFile, ca: number): RtuOptions {
    return {
      compat: true,
      oa: 'last',
      clockCanBeSet: false,
      timeTag: localCp56,
      interrogated: (oa) =>
        io.signals
          .filter(({ interrogated }) => interrogated)
          .map((row) => rowAsdu(row, ca, undefined, Cause.INROGEN, oa)),
    };
  }
}
