import { z } from 'zod';
import { type Logger, noPeer, securityEvent } from '@iec104mm2ss/observability';
import { sendSchema, stopSchema } from '@iec104mm2ss/simulator';
import { ApiError } from '../../api/api-error.js';
import { askSimulator, type SimulatorSettings } from '../../simulator/ask-simulator.js';
import type { ConsoleRequest, ConsoleRoute } from './console-request.js';

const ROOT = '/api/v1/simulator';
const ORDERS = {
  offline: 'Takes a simulated RTU off the network',
  online: 'Brings a simulated RTU back',
  drop: 'Breaks the connections of a simulated RTU',
  restart: 'Switches a simulated RTU off and on',
} as const;

/** What the view of the simulator needs of the API of `mm2ss simulate rtus`: it is asked, and no more than that. */
export function simulatorRoutes(simulator: SimulatorSettings, logger: Logger): ConsoleRoute[] {
  const look = (path: string, summary: string, query?: readonly string[]): ConsoleRoute => ({
    method: 'GET',
    path: `${ROOT}${path}`,
    summary,
    role: 'viewer',
    ...(query === undefined ? {} : { query }),
    handle: (request) => askSimulator(simulator, 'GET', pathOf(path, request)),
  });
  const order = (path: string, verb: string, summary: string, body: z.ZodType): ConsoleRoute => ({
    method: 'POST',
    path: `${ROOT}${path}`,
    summary,
    role: 'operator',
    body,
    handle: async (request) => {
      const { by, parameters } = request;
      const what = { ...parameters, ...(request.body as object) };
      const record = (ok: boolean, reason?: string): void => {
        const fields = noPeer({ by, verb: `simulator-${verb}`, ok, ...what, ...(reason !== undefined && { reason }) });
        securityEvent(logger, 'operator_verb', fields, `RTU simulator: ${verb}`);
      };
      try {
        const answer = await askSimulator(simulator, 'POST', pathOf(path, request), request.body);
        record(true);
        return answer;
      } catch (error) {
        // Also what was not answered: it may have been done.
        record(false, error instanceof ApiError ? error.message : String(error));
        throw error;
      }
    },
  });
  return [
    look('/rtus', 'The simulated RTUs'),
    look('/rtus/{id}/log', 'Last lines of a log of a simulated RTU', ['log', 'after']),
    look('/runs/{run}', 'What became of an index that was sent'),
    order('/send', 'send', 'Lets simulated RTUs send an index', sendSchema),
    order('/stop', 'stop', 'Ends what simulated RTUs send by index', stopSchema),
    ...Object.entries(ORDERS).map(([verb, summary]) => order(`/rtus/{id}/${verb}`, verb, summary, z.strictObject({}))),
  ];
}

/** The path there: `/rtus/{id}/log` with the parameters and the query of a request. */
function pathOf(path: string, { parameters, query }: ConsoleRequest): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
  const text = new URLSearchParams(query).toString();
  return text === '' ? filled : `${filled}?${text}`;
}
