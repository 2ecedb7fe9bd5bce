import type { GroupContribution } from '@iec104mm2ss/observability';
import { rtuStatus } from '@iec104mm2ss/wire';
import type { GroupRouter } from './group-router.js';
import { habitsStatus } from './habits-status.js';

/** What the owner of a group knows of it. What it does not know (yet) is left out. */
export function routerContribution(
  router: GroupRouter,
  owner: string,
  commandsPerSecond: number | undefined,
): GroupContribution {
  const { config, parts } = router;
  const { rtu, table, delivery, commands, admissions, losses, feed, retention, observe, door } = parts;
  const { counters } = delivery.routing;
  const { state } = rtu;
  return {
    id: config.id,
    interrogation: config.interrogation,
    owner,
    observe: observe.status ?? null,
    ...(state === undefined ? {} : { rtu: { ...rtuStatus(state), habits: habitsStatus(commands.habits) } }),
    ...(router.isOpen ? { log: { first: retention.oldest } } : {}),
    masters: table.all().map((session) => ({
      session: String(session.id),
      peer: session.peer,
      name: session.name,
      certificateName: session.certificateName,
      gateway: session.gateway,
      originatorAddress: session.oa,
      since: new Date(session.since).toISOString(),
    })),
    rates: { commandsPerSecond },
    counters: {
      routed: counters.routed,
      broadcast: counters.broadcast,
      replies: counters.replies,
      notForwarded: counters.notForwarded,
      unmatchedAnswers: commands.counters.unmatchedAnswers,
      commands: commands.counters.commands,
      commandsRefused: commands.counters.commandsRefused,
      commandsDenied: Object.values(door.refused).reduce((sum, count) => sum + count, 0),
      commandsUnknown: commands.counters.commandsUnknown,
      mastersAdmitted: admissions.admitted,
      mastersRefused: Object.values(admissions.refusals).reduce((sum, count) => sum + count, 0),
      lostByNamedMasters: losses.named,
      lostByUnnamedMasters: losses.total - losses.named,
      feedDropped: feed.dropped,
    },
  };
}
