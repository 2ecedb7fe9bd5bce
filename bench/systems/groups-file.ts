import { writeFileSync } from 'node:fs';
import { K, T1_MS, T2_MS, T3_MS, W } from '../apci.ts';
import { MASTER_NAME } from '../certificates.ts';
import type { Site } from './system.ts';

const MAX_MASTERS = 10;

/**
 * The manual's CSV with one row per group, every parameter as in its sample; no log files. Gives the groups' ids.
 *
 * @param tlsPorts where masters connect with TLS, and not without it; empty: none do
 */
export function writeGroupsFile(
  file: string,
  { rtuHost, rtuPorts }: Site,
  ports: number[],
  tlsPorts: number[] = [],
): number[] {
  const ids = ports.map((_, i) => i + 1);
  const rows = ports.map((port, i) => {
    const times = [60, T1_MS / 1000, T2_MS / 1000, T3_MS / 1000].join(',');
    return `${ids[i]},BENCH-${ids[i]},${port},1,${MAX_MASTERS},${times},${W},${K},1000,N,all,${rtuHost}:${rtuPorts[i]},127.0.0.0/8,100000,100000${tlsPorts.length === 0 ? '' : `,${tlsPorts[i]},${MASTER_NAME}`}`;
  });
  // The bench commands faster than masters may.
  const header =
    'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter,cmd rate,cmd burst' +
    (tlsPorts.length === 0 ? '' : ',tls port,tls names');
  writeFileSync(
    file,
    ['iec104MM2SS-1port-v1.0 ini file,,,,,,,,,,,,,,,', 'nogui,,,,,,,,,,,,,,,', header, ...rows, ''].join('\n'),
  );
  return ids;
}
