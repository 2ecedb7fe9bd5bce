/** The window of the old IEC104-RTU-Simulator: the RTUs, what is sent, and the logs of one of them. */
import type { SimulatedRtu } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { LogPanes } from './log-panes.js';
import { RtuTable } from './rtu-table.js';
import { SendBar } from './send-bar.js';
import type { SimulatorApi } from './simulator-api.js';
import './simulator.css';

export interface SimulatorPanelProps {
  readonly api: SimulatorApi;
  readonly rtus: readonly SimulatedRtu[];
  /** False: who looks has no button that does something. */
  readonly mayOrder: boolean;
}

export function SimulatorPanel({ api, rtus, mayOrder }: SimulatorPanelProps) {
  const selected = useSignal<string | undefined>(undefined);
  const said = useSignal('');
  const current = rtus.find(({ id }) => id === selected.value) ?? rtus[0];
  const say = (text: string): void => void (said.value = text);
  return (
    <div class="simulator">
      {mayOrder && <SendBar api={api} rtus={rtus} say={say} />}
      <p class="note" role="status">
        {said.value}
      </p>
      <RtuTable {...{ api, rtus, mayOrder, say }} selected={current?.id} select={(id) => (selected.value = id)} />
      {current !== undefined && <LogPanes key={current.id} api={api} rtu={current} />}
    </div>
  );
}
