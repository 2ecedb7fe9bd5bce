import type { GroupContribution, MasterContribution, MasterState } from '@iec104mm2ss/observability';
import { rtuStatus } from '@iec104mm2ss/wire';
import type { GroupGateway } from './group-gateway.js';
import { tlsStatus } from '@iec104mm2ss/tls';
import type { MasterSession } from './master-session.js';

/** What a gateway knows of a group; what it does not know is left out. */
export function gatewayContribution(
  gateway: GroupGateway,
  instance: string,
  toMastersPerSecond: number | undefined,
): GroupContribution {
  const { rtu, listening, sessions, masters } = gateway;
  return {
    id: gateway.config.id,
    ...(rtu === undefined ? {} : { rtu: rtuStatus(rtu) }),
    listener: { open: listening.length > 0, addresses: [...listening] },
    masters: Array.from(sessions.values(), (session) => masterStatus(session, instance)),
    rates: { toMastersPerSecond },
    counters: {
      deliveredToMasters: masters.delivered,
      mastersAccepted: masters.counters.accepted,
      mastersDisconnected: Object.values(masters.counters.closed).reduce((sum, count) => sum + count, 0),
    },
  };
}

function masterStatus(session: MasterSession, gateway: string): MasterContribution {
  const { identity, queue, secure } = session;
  const { link } = session.connection;
  return {
    session: String(session.id),
    peer: session.peer,
    name: identity.name,
    certificateName: identity.certificateName,
    tls: secure === undefined ? null : tlsStatus(secure),
    gateway,
    state: stateOf(session),
    originatorAddress: identity.originatorAddress,
    since: new Date(session.since).toISOString(),
    queue: queue.length + link.outstanding,
    queueLimit: queue.limit,
    sent: link.sent,
    acknowledged: link.acknowledged,
    commands: session.commands,
  };
}

function stateOf({ state }: MasterSession): MasterState {
  return state === 'started' || state === 'stopping' ? state : state === 'closed' ? 'closing' : 'stopped';
}
