import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Part } from '../../e2e/part.ts';
import { freePort } from '../../e2e/ports.ts';
import type { Scene } from '../scene.ts';

/** A fault, the alerts that it has to cause, and its end. */
export interface Fault {
  readonly title: string;
  /** Labels that an alert has to have, its name among them. */
  readonly alerts: readonly Readonly<Record<string, string>>[];
  readonly cause: (scene: Scene) => Promise<unknown>;
  /** What ended or was moved is put right by `makeWhole` as well. */
  readonly mend?: (scene: Scene) => Promise<unknown>;
  /** What is left to do once the alerts have cleared. */
  readonly tidy?: (scene: Scene) => Promise<unknown>;
}

export const NORTH = { group: '1' } as const;
export const SOUTH = { group: '2' } as const;

/** Ordered at the HTTP port of a router. */
export async function order({ system }: Scene, what: string, body: object): Promise<void> {
  const [router] = system.routers;
  const response = await fetch(`http://${router?.http ?? ''}/control/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
}

export async function kill(parts: readonly Part[]): Promise<void> {
  for (const part of parts) part.kill('SIGKILL');
  await Promise.all(parts.map(({ exited }) => exited));
}

/** A process beside those of the system, without NATS, that Prometheus reads as well. `dismiss` ends it. */
export async function guest({ system, guests, targets, afterwards }: Scene, args: readonly string[]): Promise<void> {
  const part = new Part('run', ['run', '-n', ...args], `127.0.0.1:${await freePort()}`, system.directory);
  afterwards(async () => void (await part.stop()));
  await part.serving(60_000);
  guests.push(part);
  await targets();
}

export async function dismiss({ guests }: Scene): Promise<void> {
  await Promise.all(guests.splice(0).map((part) => part.stop()));
}

/** A file with a group of its own, whose RTU does not exist. */
export async function anotherFile({ system }: Scene): Promise<string> {
  const file = join(system.directory, 'another.csv');
  const rows = [
    'iec104MM2SS-1port-v1.0 ini file',
    'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,filter,hosts',
    `9,Elsewhere,${await freePort()},47,10,60,15,10,20,8,12,1000,N,all,127.0.0.0/8,127.0.0.2:9`,
  ];
  await writeFile(file, [...rows, ''].join('\n'));
  return file;
}
