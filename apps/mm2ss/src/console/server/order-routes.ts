import { z } from 'zod';
import type { OrderAnswer } from '@iec104mm2ss/console-api';
import type { ControlDesk, ControlOutcome } from '../../control/control-desk.js';
import { mastersText } from '../edit/consequence.js';
import type { OverviewFeed } from '../overview/overview-feed.js';
import { type ConsoleRequest, type ConsoleRoute, StatusAnswer } from './console-request.js';

const STATUS: Readonly<Record<ControlOutcome['result'], number>> = {
  done: 200,
  refused: 409,
  nobody: 404,
  unavailable: 503,
};
const nothing = z.strictObject({});

/** What operators want to be done. The one who does it writes the record of it, as with `mm2ss restart`. */
export function orderRoutes(desk: ControlDesk, feed: OverviewFeed): ConsoleRoute[] {
  const idOf = ({ parameters }: ConsoleRequest): string => parameters['id'] ?? '';
  const mastersOf = async (group: string): Promise<number> => {
    await feed.current();
    return feed.detail(group).status?.masters.length ?? 0;
  };
  const answer = (outcome: ControlOutcome, closes: number): StatusAnswer => {
    const ok = outcome.result === 'done';
    const closesMasters = ok ? closes : 0;
    const message = closesMasters > 0 ? `${outcome.message}: closes ${mastersText(closes)}` : outcome.message;
    return new StatusAnswer(STATUS[outcome.result], { ok, ...outcome, message, closesMasters } satisfies OrderAnswer);
  };
  const order = (verb: 'restart' | 'next-host', summary: string): ConsoleRoute => ({
    method: 'POST',
    path: `/api/v1/groups/{id}/${verb}`,
    summary,
    role: 'operator',
    body: nothing,
    handle: async (request) => {
      const closes = await mastersOf(idOf(request));
      return answer(await desk.order(verb, idOf(request), request.by), closes);
    },
  });
  return [
    order('restart', 'Closes the link to the RTU, which is opened anew; its masters are disconnected'),
    order('next-host', 'Goes on to the next host of the RTU; its masters are disconnected'),
    {
      method: 'POST',
      path: '/api/v1/groups/{id}/observe',
      summary: 'Begins or ends observe mode, in which only monitoring passes',
      role: 'operator',
      body: z.strictObject({ on: z.boolean() }),
      handle: async (request) => {
        const { on } = request.body as { readonly on: boolean };
        return answer(await desk.observe(idOf(request), on, request.by), 0);
      },
    },
    {
      method: 'POST',
      path: '/api/v1/groups/{id}/masters/{session}/disconnect',
      summary: 'Ends the connection of one master, which may come again',
      role: 'operator',
      body: nothing,
      handle: async (request) => {
        const session = request.parameters['session'] ?? '';
        return answer(await desk.disconnect(idOf(request), session, request.by), 1);
      },
    },
  ];
}
