import { z } from 'zod';
import type { GroupDetail, OrderAnswer } from '@iec104mm2ss/console-api';
import type { ControlDesk, ControlOutcome } from '../../control/control-desk.js';
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
  const detailOf = async (group: string): Promise<GroupDetail> => {
    await feed.current();
    return feed.detail(group);
  };
  /** @param closed how many masters are closed, and what that is in words */
  const answer = (outcome: ControlOutcome, closed: number, closes: string | null = null): StatusAnswer => {
    const ok = outcome.result === 'done';
    const message = ok && closes !== null ? `${outcome.message}: ${closes}` : outcome.message;
    const closesMasters = ok ? closed : 0;
    return new StatusAnswer(STATUS[outcome.result], { ok, ...outcome, message, closesMasters } satisfies OrderAnswer);
  };
  const order = (verb: 'restart' | 'next-host', summary: string): ConsoleRoute => ({
    method: 'POST',
    path: `/api/v1/groups/{id}/${verb}`,
    summary,
    role: 'operator',
    body: nothing,
    handle: async (request) => {
      const { status, closes } = await detailOf(idOf(request));
      const outcome = await desk.order(verb, idOf(request), request.by);
      return answer(outcome, status?.masters.length ?? 0, closes);
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
