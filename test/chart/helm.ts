import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { requireTool } from '../../tools/require.mjs';
import type { Manifest } from './manifests.ts';

/** The chart as it is without a configuration file. */
export const CHART = fileURLToPath(new URL('../../deploy/helm/mm2ss', import.meta.url));
/** The oldest release that the chart is for, and the one whose schemas the objects are checked with. */
export const KUBERNETES = '1.34.0';
const LARGEST_OUTPUT_OCTETS = 64 * 1024 * 1024;

export type Values = Readonly<Record<string, unknown>>;

export interface HelmOptions {
  /** Path of the program; default: Helm 3. */
  readonly helm?: string | undefined;
  readonly chart?: string;
  readonly release?: string;
  readonly arguments?: readonly string[];
}

export interface HelmOutcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `helm COMMAND`; later values go before earlier ones. */
export function helm(command: readonly string[], values: readonly Values[], options: HelmOptions = {}): HelmOutcome {
  const program = options.helm ?? requireTool('helm');
  if (program === undefined) throw new Error('there is no helm');
  const folder = mkdtempSync(path.join(tmpdir(), 'chart-'));
  try {
    const files = values.flatMap((each, index) => {
      const file = path.join(folder, `${index}.json`);
      writeFileSync(file, JSON.stringify(each));
      return ['-f', file];
    });
    const { status, stdout, stderr } = spawnSync(program, [...command, ...files, ...(options.arguments ?? [])], {
      encoding: 'utf8',
      maxBuffer: LARGEST_OUTPUT_OCTETS,
      // Nothing of the user's own settings, and no cluster.
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: path.join(folder, 'none') },
    });
    return { status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function template(values: readonly Values[], options: HelmOptions): HelmOutcome {
  const { chart = CHART, release = 'mm2ss' } = options;
  const command = ['template', release, chart, '--namespace', 'scada', '--kube-version', KUBERNETES];
  return helm(command, values, options);
}

const texts = new Map<string, string>();

/** What the templates give, as text. The same is not asked for twice. */
export function renderedText(values: readonly Values[], options: HelmOptions = {}): string {
  const key = JSON.stringify([values, options]);
  const known = texts.get(key);
  if (known !== undefined) return known;
  const { status, stdout, stderr } = template(values, options);
  if (status !== 0) throw new Error(`helm template: ${stderr}`);
  texts.set(key, stdout);
  return stdout;
}

/** The objects in it. A key that is there twice is an error. */
export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Why the chart refuses these values; fails when it does not. */
export function refusal(values: readonly Values[], options: HelmOptions = {}): string {
  const { status, stderr } = template(values, options);
  if (status === 0) throw new Error('the chart takes these values');
  return stderr;
}
