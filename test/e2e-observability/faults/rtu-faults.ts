import { until } from '../../e2e/ports.ts';
import { type Fault, kill, NORTH, order, SOUTH } from './fault.ts';

/** About the RTUs, the ways to them and their connectors. */
export const RTU_FAULTS: readonly Fault[] = [
  {
    title: 'an RTU is cut',
    alerts: [{ alertname: 'RtuDown', ...NORTH, cause: 'down' }],
    cause: ({ paths }) => paths[0].cut(),
    mend: ({ paths }) => paths[0].mend(),
  },
  {
    title: 'an RTU that may be away for a while is cut for longer',
    alerts: [{ alertname: 'RtuDown', ...SOUTH, cause: 'too_long' }],
    cause: ({ paths }) => paths[1].cut(),
    mend: ({ paths }) => paths[1].mend(),
  },
  {
    title: 'a connector is killed',
    alerts: [
      { alertname: 'ConnectorAbsent', ...NORTH },
      { alertname: 'MetricsMissing', cause: 'target', instance: 'connector1.1' },
    ],
    cause: ({ system }) => kill([system.part('connector1.1')]),
  },
  {
    title: 'the path to an RTU becomes long',
    alerts: [
      { alertname: 'LinkSlow', ...NORTH, side: 'rtu' },
      { alertname: 'CommandSlow', ...NORTH },
    ],
    cause: async ({ paths }) => {
      paths[0].delayMs = 400;
    },
    mend: async ({ paths }) => {
      paths[0].delayMs = 0;
    },
  },
  {
    title: 'an RTU is cut with a command on its way',
    alerts: [{ alertname: 'CommandFailures', ...NORTH, cause: 'unknown' }],
    cause: async ({ paths, system }) => {
      paths[0].delayMs = 3000;
      const sent = async (): Promise<number> =>
        (await system.part('connector1.1').metric('mm2ss_rtu_commands_sent_total')) ?? 0;
      const before = await sent();
      // The first may have left before the path was long.
      await until('two more commands are sent', async () => (await sent()) > before + 1);
      await paths[0].cut();
    },
    mend: async ({ paths }) => {
      paths[0].delayMs = 0;
      await paths[0].mend();
    },
  },
  {
    title: 'the link to an RTU is made anew again and again',
    alerts: [{ alertname: 'RtuFlapping', ...NORTH }],
    cause: async (scene) => {
      const connects = async (): Promise<number> =>
        (await scene.system.part('connector1.1').metric('mm2ss_rtu_connects_total')) ?? 0;
      for (let i = 0; i < 4; i++) {
        const before = await connects();
        await order(scene, 'restart', { group: '1' });
        await until('the RTU is connected anew', async () => (await connects()) > before);
      }
    },
  },
];
