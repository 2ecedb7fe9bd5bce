import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';

import { parseConfiguration } from './parse-configuration.js';
import type { Configuration } from './types.js';

/** Of UTF-8, of UTF-16 in both orders, and of any other. */
const LINE_END = /[\r\n]\0?$/;
/** Some fifty thousand groups: beyond that the path names something else than a configuration. */
const LARGEST_FILE_OCTETS = 16 * 1024 * 1024;

export type ConfigErrorCode =
  'CONFIG_NOT_FOUND' | 'CONFIG_NOT_READABLE' | 'CONFIG_NOT_A_FILE' | 'CONFIG_TOO_LARGE' | 'CONFIG_READ_FAILED';

/** The configuration file could not be read. What is wrong inside it is never an error, see `Configuration.problems`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly path: string;

  constructor(code: ConfigErrorCode, path: string, reason: string, options?: ErrorOptions) {
    super(`configuration file ${path}: ${reason}`, options);
    this.code = code;
    this.path = path;
  }
}

const SYSTEM_ERRORS: Readonly<Record<string, readonly [ConfigErrorCode, string]>> = {
  ENOENT: ['CONFIG_NOT_FOUND', 'does not exist'],
  ENOTDIR: ['CONFIG_NOT_FOUND', 'does not exist'],
  EACCES: ['CONFIG_NOT_READABLE', 'may not be read by this user'],
  EPERM: ['CONFIG_NOT_READABLE', 'may not be read by this user'],
  EBUSY: ['CONFIG_NOT_READABLE', 'is held by another program'],
  EISDIR: ['CONFIG_NOT_A_FILE', 'is a directory'],
};

/**
 * Reads and parses the file at `path`, which may also be a pipe.
 *
 * @throws {ConfigError} when the file cannot be read or is larger than 16 MiB.
 */
export async function readConfiguration(path: string): Promise<Configuration> {
  return parseConfiguration(await readFileOctets(path));
}

/** A configuration file as it was read. */
export interface ConfigurationFile {
  readonly path: string;
  /** Tells two contents apart: equal in all processes that have read the same file. */
  readonly digest: string;
  /** It ends with a line end: one that replaces it and does not was perhaps cut. */
  readonly endsLine: boolean;
  readonly configuration: Configuration;
}

/** As readConfiguration, with what tells whether the file has changed since. */
export async function readConfigurationFile(path: string): Promise<ConfigurationFile> {
  const octets = await readFileOctets(path);
  return configurationFile(path, octets);
}

/** A file from its octets. */
export function configurationFile(path: string, octets: Uint8Array): ConfigurationFile {
  const configuration = parseConfiguration(octets);
  return { path, digest: digestOf(octets), endsLine: LINE_END.test(lastOctets(octets)), configuration };
}

/** Whatever the encoding is. */
function lastOctets(octets: Uint8Array): string {
  return Buffer.from(octets.slice(-2)).toString('latin1');
}

/** The first 12 hexadecimal digits of the SHA-256 of a file's octets. */
export function digestOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex').slice(0, 12);
}

/**
 * As readConfiguration, but a file only: a pipe in its place would be waited for.
 *
 * @throws {ConfigError} as readConfiguration
 */
export async function readAgain(path: string): Promise<Uint8Array> {
  let isFile: boolean;
  try {
    isFile = (await stat(path)).isFile();
  } catch (error) {
    throw asConfigError(error, path);
  }
  if (!isFile) throw new ConfigError('CONFIG_NOT_A_FILE', path, 'is no file');
  return readFileOctets(path);
}

async function readFileOctets(path: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > LARGEST_FILE_OCTETS) throw new ConfigError('CONFIG_TOO_LARGE', path, 'is larger than 16 MiB');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ConfigError ? error : asConfigError(error, path);
  }
  return Buffer.concat(chunks);
}

function asConfigError(error: unknown, path: string): ConfigError {
  const systemCode = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const [code, reason] = SYSTEM_ERRORS[systemCode] ?? [
    'CONFIG_READ_FAILED',
    `cannot be read (${systemCode || 'unknown'})`,
  ];
  const where = code === 'CONFIG_NOT_FOUND' && !isAbsolute(path) ? ` in ${process.cwd()}` : '';
  return new ConfigError(code, path, `${reason}${where}`, { cause: error });
}
