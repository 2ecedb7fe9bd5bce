import type { SimulatedRtu } from '@iec104mm2ss/console-api';
import type { Order, SimulatorApi } from './simulator-api.js';
import { messageOf } from '../ui/words.js';

const HEADS = ['Id', 'Name', 'RTU no', 'Port', 'State', 'Masters', 'GI', 'Last index', 'Sent', 'Waiting'];

interface RtuTableProps {
  readonly api: SimulatorApi;
  readonly rtus: readonly SimulatedRtu[];
  readonly mayOrder: boolean;
  readonly selected: string | undefined;
  readonly select: (id: string) => void;
  readonly say: (text: string) => void;
}

export function RtuTable({ rtus, ...others }: RtuTableProps) {
  return (
    <div class="scroll flat rtus" tabIndex={0} role="region" aria-label="List of RTUs">
      <table aria-label="RTUs">
        <thead>
          <tr>
            {[...HEADS, ...(others.mayOrder ? ['Orders'] : [])].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rtus.map((rtu) => (
            <RtuRow key={rtu.id} rtu={rtu} {...others} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function stateOf({ listening, online, masters }: SimulatedRtu): string {
  if (!listening) return 'offline';
  if (online) return 'online';
  return masters.length > 0 ? 'connected' : 'listening';
}

type RtuRowProps = Omit<RtuTableProps, 'rtus'> & { readonly rtu: SimulatedRtu };

function RtuRow({ api, rtu, mayOrder, selected, select, say }: RtuRowProps) {
  const { id, name, rtuNumber, port, masters, interrogating, lastIndex, sent, pending, listening } = rtu;
  const give = (verb: Order) => (): void => {
    api.order(id, verb).then(
      () => say(`${name}: ${verb}.`),
      (error: unknown) => say(`${name}: ${messageOf(error)}`),
    );
  };
  const button = (verb: Order, label: string) => (
    <button type="button" onClick={give(verb)} aria-label={`${label} ${name}`}>
      {label}
    </button>
  );
  return (
    <tr data-id={id} class={id === selected ? 'selected' : undefined}>
      <td>{id}</td>
      <td>
        <button type="button" class="plain" aria-pressed={id === selected} onClick={() => select(id)}>
          {name}
        </button>
      </td>
      <td>{rtuNumber}</td>
      <td>{port}</td>
      <td class={listening ? 'state' : 'state warn'}>{stateOf(rtu)}</td>
      <td title={masters.map(({ peer }) => peer).join('\n')}>{masters.length}</td>
      <td>{interrogating ? 'running' : ''}</td>
      <td>{lastIndex}</td>
      <td>{sent}</td>
      <td>{pending}</td>
      {mayOrder && (
        <td class="orders">
          {listening ? button('offline', 'Offline') : button('online', 'Online')}
          {button('drop', 'Drop')}
          {button('restart', 'Restart')}
        </td>
      )}
    </tr>
  );
}
