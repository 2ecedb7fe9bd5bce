/**
 * The container image, where a Docker engine answers: built as `make image` does, then run as Kubernetes does under the
 * restricted level. `MM2SS_TEST_BASE_IMAGE` is a base that the engine has, where the pinned one cannot be had.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { csvOf, until } from './harness.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const IMAGE = 'iec104mm2ss:image-spec';
/** A local image of the same name will do. */
const UNPINNED = 'node:24-bookworm-slim';
/** It is the machine that is measured here: 0.5 s of CPU until ready. */
const START_MS = 30_000;
const STOP_SECONDS = 20;
/** Beside the base. */
const MOST_OCTETS = 8e6;
const RESTRICTED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

function docker(...args: string[]): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' });
  return { status, out: `${stdout}${stderr}`.trim() };
}

function output(...args: string[]): string {
  const { status, out } = docker(...args);
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${out}`);
  return out;
}

/** A base image that the engine has or gets; undefined, said loudly, where the image cannot be built. */
function baseImage(): string | undefined {
  const asked = process.env['MM2SS_TEST_BASE_IMAGE'];
  const skipped = (why: string): undefined => {
    process.stderr.write(`\n!!! SKIPPED: ${why}; the image is not tested.\n\n`);
    return undefined;
  };
  if (docker('version').status !== 0) return skipped('no Docker engine answers');
  if (asked !== undefined) return asked;
  const [, pinned = ''] = /^ARG BASE_IMAGE=(.*)$/m.exec(dockerfile) ?? [];
  if (docker('image', 'inspect', pinned).status === 0 || docker('pull', '--quiet', pinned).status === 0) return pinned;
  if (docker('image', 'inspect', UNPINNED).status === 0) return UNPINNED;
  return skipped(`no ${pinned}, and no local ${UNPINNED}`);
}

const dockerfile = readFileSync(join(REPOSITORY, 'docker/Dockerfile'), 'utf8');
const base = baseImage();
let folder: string;

describe('docker/Dockerfile', () => {
  it('names its base by digest, and asks nothing of the builder that the classic one has not', () => {
    expect(dockerfile).toMatch(/^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$/m);
    expect(dockerfile).not.toMatch(/^(?:RUN|COPY|ADD) .*--(?:mount|chmod|link)/m);
    expect(dockerfile).not.toMatch(/^# *syntax=/m);
  });
});

describe.skipIf(base === undefined)('the image', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mm2ss-image-'));
    const file = join(folder, 'groups.csv');
    writeFileSync(file, csvOf([{ 'port no': 2404, hosts: '127.0.0.2:2404' }]), { mode: 0o644 });
    const { status, stderr } = spawnSync(join(REPOSITORY, 'docker/build.sh'), [IMAGE], {
      env: { ...process.env, BASE_IMAGE: base },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, expect.anything()]);
  });
  afterAll(() => {
    docker('rmi', IMAGE);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Its id; it ends with the test. */
  function start(...args: string[]): string {
    const mounted = ['-v', `${folder}/groups.csv:/etc/mm2ss/groups.csv:ro`];
    const id = output('run', '-d', '-p', '127.0.0.1::9105', ...RESTRICTED, ...mounted, IMAGE, ...args);
    onTestFinished(() => void docker('rm', '-f', id));
    return id;
  }

  async function ready(id: string): Promise<number> {
    const address = output('port', id, '9105/tcp').split('\n')[0] as string;
    const answers = (): Promise<boolean> =>
      fetch(`http://${address}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    const startedAt = performance.now();
    await until('it is ready', answers, START_MS);
    return performance.now() - startedAt;
  }

  it('says what it is, runs as nobody in particular, and is small', () => {
    const inspected = JSON.parse(output('image', 'inspect', IMAGE)) as [Inspected];
    const [{ Config, Size }] = inspected;
    expect(Config).toMatchObject({ User: '10001:10001', Entrypoint: ['mm2ss'] });
    expect(Config.Labels['org.opencontainers.image.version']).toBe(output('run', '--rm', IMAGE, '--version'));
    const [{ Size: ofBase }] = JSON.parse(output('image', 'inspect', base as string)) as [Inspected];
    console.log(`the image has ${((Size - ofBase) / 1e6).toFixed(1)} MB beside its base`);
    expect(Size - ofBase).toBeLessThan(MOST_OCTETS);
  });

  it('has the bundle, the static chart and the bill of materials, all readable, and no packages', () => {
    const sh = (script: string): string => output('run', '--rm', '--entrypoint', 'sh', IMAGE, '-c', script);
    expect(sh('find /opt/mm2ss -name node_modules -o -name "*.map" -o ! -readable -o -writable ! -type l')).toBe('');
    expect(sh('cat /opt/mm2ss/deploy/helm/mm2ss/Chart.yaml')).toContain('apiVersion: v2');
    const bill = JSON.parse(sh('cat /opt/mm2ss/apps/mm2ss/bundle/sbom.cdx.json')) as Bill;
    const names = bill.components.map((component) => component['bom-ref'].replace(/@[^@]*$/, ''));
    expect(names).toEqual(expect.arrayContaining(['@nestjs/core', '@nats-io/jetstream', 'zod']));
    expect(names).not.toContain('vitest');
  });

  it('runs with a read-only root and without privileges, and ends cleanly when asked to', async () => {
    const id = start('run', '--health', '0.0.0.0:9105');
    console.log(`ready after ${Math.round(await ready(id))} ms`);
    output('stop', '-t', String(STOP_SECONDS), id);
    expect(output('inspect', '-f', '{{.State.ExitCode}}', id)).toBe('0');
    expect(output('logs', id)).toContain('process_stopped');
  });

  it('reads its file again on SIGHUP, and reaps orphans, as process 1', async () => {
    const id = start('run', '--health', '0.0.0.0:9105');
    await ready(id);
    output('kill', '-s', 'HUP', id);
    await until('it has read the file', () => output('logs', id).includes('is the one in force'), START_MS);
    output('exec', id, 'sh', '-c', 'for n in 1 2 3; do (sleep 0.1 &); done');
    const states = 'cat /proc/[0-9]*/stat';
    await until('the orphans are gone', () => !output('exec', id, 'sh', '-c', states).includes('(sleep)'), START_MS);
  });

  it('hands on the exit code', () => {
    expect(docker('run', '--rm', IMAGE, 'run', '-i', '/nowhere.csv')).toMatchObject({
      status: 2,
      out: expect.stringContaining('does not exist') as string,
    });
  });
});

interface Inspected {
  readonly Size: number;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
}
interface Bill {
  readonly components: readonly { readonly 'bom-ref': string }[];
}
