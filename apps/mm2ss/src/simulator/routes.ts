import { z } from 'zod';
import {
  changedFaults,
  faultsSchema,
  loadSchema,
  NO_FAULTS,
  pointSchema,
  type LoadProfile,
  type RtuFleet,
  type SendOutcomes,
  sendSchema,
  type Station,
  stopSchema,
  whyNoValue,
} from '@iec104mm2ss/simulator';
import { ApiError } from '../api/api-error.js';
import type { ApiRequest, Route } from '../api/route.js';
import type { LogName, RecentLines } from './recent-lines.js';
import { pointView, runView, stationView } from './views.js';

/** An index that is being sent, or was. */
interface Run {
  readonly index: number;
  readonly outcomes: Promise<SendOutcomes>;
  ended: SendOutcomes | undefined;
}

const POINTS_A_PAGE = 1_000;
const RUNS_KEPT = 100;
const LOGS: readonly string[] = ['station', 'interrogation'] satisfies LogName[];

export function simulatorRoutes(fleet: RtuFleet, recent: RecentLines): Route[] {
  const runs = new Map<number, Run>();
  let lastRun = 0;

  const stationOf = ({ parameters }: ApiRequest): Station => {
    const id = parameters['id'] ?? '';
    const station = fleet.station(id);
    if (station === undefined) throw new ApiError(404, `no RTU has the id ${id}`);
    return station;
  };
  const rtuNumberOf = (rtu: number | undefined): number | undefined => {
    if (rtu !== undefined && fleet.of(rtu).length === 0) throw new ApiError(404, `no RTU has the number ${rtu}`);
    return rtu;
  };
  const begin = (index: number, seconds: number, rtu: number | undefined): number => {
    const run: Run = { index, outcomes: fleet.send(index, seconds * 1000, rtuNumberOf(rtu)), ended: undefined };
    void run.outcomes.then((outcomes) => (run.ended = outcomes));
    runs.set(++lastRun, run);
    for (const [number, { ended }] of runs) {
      if (runs.size <= RUNS_KEPT) break;
      if (ended !== undefined) runs.delete(number);
    }
    return lastRun;
  };
  const act = (summary: string, verb: string, does: (station: Station) => unknown): Route => ({
    method: 'POST',
    path: `/rtus/{id}/${verb}`,
    summary,
    body: z.strictObject({}),
    handle: async (request) => {
      const station = stationOf(request);
      await does(station);
      return stationView(station);
    },
  });

  return [
    { method: 'GET', path: '/rtus', summary: 'All RTUs', handle: () => fleet.stations.map(stationView) },
    { method: 'GET', path: '/rtus/{id}', summary: 'One RTU', handle: (request) => stationView(stationOf(request)) },
    {
      method: 'GET',
      path: '/rtus/{id}/points',
      summary: `Points of an RTU with value and quality, ${POINTS_A_PAGE} from the address "from" on`,
      query: ['from'],
      handle: (request) => {
        const from = Number(request.query['from'] ?? 0);
        if (!Number.isInteger(from)) throw new ApiError(400, '"from" is an address');
        const points = stationOf(request).rtu.points.filter(({ ioa }) => ioa >= from);
        return points.slice(0, POINTS_A_PAGE).map(pointView);
      },
    },
    {
      method: 'GET',
      path: '/rtus/{id}/log',
      summary: 'Last lines of a log of an RTU ("log": station, or interrogation), those behind the number "after"',
      query: ['log', 'after'],
      handle: (request) => {
        const { log = 'station', after = '0' } = request.query;
        if (!LOGS.includes(log)) throw new ApiError(400, `"log" is one of ${LOGS.join(', ')}`);
        if (!/^\d+$/.test(after)) throw new ApiError(400, '"after" is the number of a line');
        const { id } = stationOf(request);
        return { lines: recent.after(id, log as LogName, Number(after)) };
      },
    },
    {
      method: 'PUT',
      path: '/rtus/{id}/points/{ioa}',
      summary: 'Sets a point, which is told to all masters',
      body: pointSchema,
      handle: (request) => {
        const { rtu } = stationOf(request);
        const { value, quality, kind, cause } = request.body as z.infer<typeof pointSchema>;
        const ioa = Number(request.parameters['ioa']);
        const point = rtu.points.find((each) => each.ioa === ioa && (kind === undefined || each.kind === kind));
        if (point === undefined) throw new ApiError(404, `no point ${request.parameters['ioa']}`);
        const fault = value === undefined ? undefined : whyNoValue(point.kind, value);
        if (fault !== undefined) throw new ApiError(400, `"value": ${fault}`);
        rtu.setValue(ioa, value ?? point.current, cause, { kind: point.kind, quality });
        return pointView(point);
      },
    },
    {
      method: 'POST',
      path: '/send',
      summary: 'Sends an index (0: all rows) from every connected RTU, or those of one number, for a duration',
      body: sendSchema,
      status: 202,
      handle: ({ body }) => {
        const { index, duration = 0, rtu } = body as z.infer<typeof sendSchema>;
        return { run: begin(index, duration, rtu) };
      },
    },
    {
      method: 'GET',
      path: '/runs/{run}',
      summary: 'What became of an index that was sent',
      handle: ({ parameters }) => {
        const run = runs.get(Number(parameters['run']));
        if (run === undefined) throw new ApiError(404, `no run ${parameters['run']}`);
        return runView(run);
      },
    },
    {
      method: 'POST',
      path: '/stop',
      summary: 'Ends all that is being sent by index, or that of one RTU number, waits included',
      body: stopSchema,
      handle: ({ body }) => {
        const rtu = rtuNumberOf((body as z.infer<typeof stopSchema>).rtu);
        const sending = fleet.of(rtu).filter((station) => station.sending).length;
        fleet.stop(rtu);
        return { stopped: sending };
      },
    },
    {
      method: 'GET',
      path: '/load',
      summary: 'The load profile, or "off"',
      handle: () => ({ profile: fleet.profile?.text ?? 'off' }),
    },
    {
      method: 'PUT',
      path: '/load',
      summary: 'Spontaneous events of all RTUs together: a load profile, or "off"',
      body: z.strictObject({ profile: loadSchema }),
      handle: ({ body }) => {
        fleet.setLoad((body as { readonly profile: LoadProfile | undefined }).profile);
        return { profile: fleet.profile?.text ?? 'off' };
      },
    },
    act('Off the network: no listener, no connections', 'offline', ({ rtu }) => rtu.stop()),
    act('Back on the network', 'online', ({ rtu }) => rtu.start()),
    act('Breaks its connections', 'drop', ({ rtu }) => rtu.dropConnections()),
    act('Switches it off and on: initial values, no events left', 'restart', ({ rtu }) => rtu.powerOn()),
    act('Sends an I-format APDU with a wrong N(S) to every master', 'wrong-sequence', ({ rtu }) =>
      rtu.sendWrongSequence(),
    ),
    {
      method: 'GET',
      path: '/rtus/{id}/faults',
      summary: 'What an RTU does wrong',
      handle: (request) => stationOf(request).rtu.faults,
    },
    {
      method: 'PUT',
      path: '/rtus/{id}/faults',
      summary: 'Sets what an RTU does wrong; what is not given is as it should be, {} ends all faults',
      body: faultsSchema,
      handle: (request) => {
        const { rtu } = stationOf(request);
        rtu.setFaults(changedFaults(NO_FAULTS, request.body as z.infer<typeof faultsSchema>));
        return rtu.faults;
      },
    },
  ];
}
