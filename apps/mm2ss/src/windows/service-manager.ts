import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getAsset } from 'node:sea';
import { UnavailableError } from '../commands/errors.js';

/** States of a service, as Windows numbers them. */
export const STOPPED = 1;
export const STOP_PENDING = 3;
export const RUNNING = 4;
/** Leaves a number of a service as it is. */
export const NO_CHANGE = 0xffffffff;
/** Errors of Windows (`errno`) that something is done about. */
export const ERROR_ACCESS_DENIED = 5;
export const ERROR_SERVICE_NOT_ACTIVE = 1062;
export const ERROR_PRIVILEGE_NOT_HELD = 1314;

/** What Windows says of a service. */
export interface ServiceState {
  readonly state: number;
  /** Of its last end: the program's own, or an error of Windows. */
  readonly exitCode: number;
  readonly processId: number;
}

/** The functions of packaging/windows/service.c: its comments say what they do. Each throws an Error with `errno`. */
export interface ServiceManager {
  enter(onControl: (control: number) => void): string[] | undefined;
  running(): void;
  stopped(exitCode: number): void;
  reportError(name: string, text: string): void;
  install(
    name: string,
    displayName: string,
    commandLine: string,
    type: number,
    startType: number,
    isDelayed: number,
    account: string | undefined,
    password: string | undefined,
  ): void;
  update(
    name: string,
    commandLine: string | undefined,
    type: number,
    startType: number,
    isDelayed: number,
    account: string | undefined,
    password: string | undefined,
  ): void;
  remove(name: string): void;
  start(name: string, ...words: string[]): void;
  stop(name: string): void;
  query(name: string): ServiceState;
  /** Running services that need this one, in the order in which they are to be stopped. */
  dependents(name: string): string[];
  adjustClock(milliseconds: number): void;
}

const FILE = 'iec104mm2ss-service.node';
let loaded: ServiceManager | undefined;

/**
 * Loads them. Windows runs code from files only, so the file is beside the program; where it is missing, or another release's,
 * it is written. Nowhere else: a folder that others may write to is no place for what a service runs.
 *
 * @throws {UnavailableError} the file cannot be written or loaded
 */
export function serviceManager(): ServiceManager {
  if (loaded !== undefined) return loaded;
  const file = join(dirname(process.execPath), FILE);
  const octets = Buffer.from(getAsset('service.node'));
  try {
    if (!existsSync(file) || !readFileSync(file).equals(octets)) {
      writeFileSync(`${file}.${process.pid}`, octets);
      renameSync(`${file}.${process.pid}`, file);
    }
    const module = { exports: {} };
    process.dlopen(module, file);
    loaded = module.exports as ServiceManager;
    return loaded;
  } catch (error) {
    throw new UnavailableError(
      `${file}: ${(error as Error).message} (where another release runs as a service from this folder, stop it first)`,
    );
  }
}
