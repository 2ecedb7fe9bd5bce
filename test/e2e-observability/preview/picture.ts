/** Pictures of the boards from what a real Prometheus answers. There is no Grafana here: a page draws the same JSON. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { asked, type fleetBoard, queriesOf } from '@iec104mm2ss/monitoring';
import { JOB, type Prometheus, type Series, WINDOW } from '../prometheus.ts';

type Board = ReturnType<typeof fleetBoard>;
const NOTE = 'a preview drawn by a page of our own, not by Grafana, from the data of a test run';
const WIDTH = 1600;
const ROW_HEIGHT = 38;
const STEP_SECONDS = 4;

/** Writes `folder/NAME.png`. */
export async function picture(
  chromium: string,
  prometheus: Prometheus,
  board: Board,
  group: string,
  file: string,
): Promise<void> {
  const data: Record<number, Series[][]> = {};
  for (const { panel, expr } of queriesOf(board)) {
    if (panel === undefined) continue;
    const query = asked(expr, { job: JOB, group, interval: WINDOW });
    const type = board.panels?.find(({ id }) => id === panel)?.type;
    const instant = type === 'stat' || type === 'table';
    (data[panel] ??= []).push(await (instant ? prometheus.ask(query) : prometheus.range(query, STEP_SECONDS)));
  }
  const times = Object.values(data).flatMap((panel) =>
    panel.flatMap((series) => series.flatMap(({ values }) => values?.[0]?.[0] ?? [])),
  );
  const preview = { board, data, from: Math.min(...times), to: Date.now() / 1000, note: NOTE };
  const rows = Math.max(...(board.panels ?? []).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
  const folder = await mkdtemp(join(tmpdir(), 'preview-'));
  try {
    const page = join(folder, 'page.html');
    await writeFile(page, await pageText(preview));
    await mkdir(dirname(file), { recursive: true });
    const size = `${WIDTH},${rows * ROW_HEIGHT + 70}`;
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'];
    const small = '--force-device-scale-factor=0.7';
    const own = [`--user-data-dir=${folder}/profile`, `--window-size=${size}`, `--screenshot=${file}`];
    await promisify(execFile)(chromium, [...flags, small, ...own, `file://${page}`], { timeout: 120_000 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pageText(preview: object): Promise<string> {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const here = (name: string): Promise<string> => readFile(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
  const json = JSON.stringify(preview).replaceAll('<', '\\u003c');
  return [
    '<!doctype html><meta charset="utf-8"><style>',
    await readFile(join(uplot, 'uPlot.min.css'), 'utf8'),
    await here('page.css'),
    '</style><body><script>',
    await readFile(join(uplot, 'uPlot.iife.min.js'), 'utf8'),
    `</script><script>window.PREVIEW = ${json};</script><script>`,
    await here('page.js'),
    '</script>',
  ].join('\n');
}
