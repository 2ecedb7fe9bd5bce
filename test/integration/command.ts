/** `bin/mm2ss` as a process of its own, ended by its pid when the test ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFailed, onTestFinished } from 'vitest';
import { type Columns, csvOf, until } from './harness.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
export const MM2SS = join(REPOSITORY, 'bin/mm2ss');
export const SAMPLE = join(REPOSITORY, 'libs/config/testdata/sample.csv');
/** Starting Node and the program; the machine may be busy. */
export const START_MS = 20_000;

export async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mm2ss-integration-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A running `mm2ss`, and what it has said. */
export class Command {
  stdout = '';
  stderr = '';
  /** Exit code, or the signal that ended it; undefined while it runs. */
  outcome: number | string | undefined;
  readonly exited: Promise<number | string>;
  readonly process: ChildProcess;

  constructor(
    args: readonly string[],
    readonly directory: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.process = spawn(MM2SS, args, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((settle) => {
      this.process.once('error', (error) => settle((this.outcome = error.message)));
      this.process.once('close', (code, signal) => settle((this.outcome = code ?? signal ?? 'unknown')));
    });
    onTestFinished(async () => {
      if (this.outcome === undefined) this.process.kill('SIGKILL');
      await this.exited;
    });
    onTestFailed(() => console.log(`stdout of mm2ss ${args.join(' ')}:\n${this.stdout}\nstderr:\n${this.stderr}`));
  }

  /** Lines of standard output, each of which must be JSON. */
  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async said(text: string, deadlineMs = START_MS): Promise<void> {
    await until(
      `"${text}" on standard output`,
      () => this.stdout.includes(text) || this.outcome !== undefined,
      deadlineMs,
    );
    expect(this.stdout).toContain(text);
  }
}

/** Runs to the end. */
export async function execute(args: readonly string[], directory: string): Promise<Command> {
  const command = new Command(args, directory);
  await command.exited;
  return command;
}

/** Starts `mm2ss run` on these groups. `http` is what follows --http. */
export async function run(groups: readonly Columns[], http: string, more: readonly string[] = []): Promise<Command> {
  const directory = await folder();
  await writeFile(join(directory, 'groups.csv'), csvOf(groups));
  return new Command(['run', '-i', 'groups.csv', '-n', '--http', http, ...more], directory);
}
