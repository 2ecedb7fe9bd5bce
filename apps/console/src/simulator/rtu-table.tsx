import type { SimulatedRtu } from '@iec104mm2ss/console-api';
import type { Order, SimulatorApi } from './simulator-api.js';
import { type Heading, Headings } from '../ui/headings.js';
import { messageOf } from '../ui/words.js';

const HEADINGS: readonly Heading[] = [
  ['Id', 'Id of the row of the RTU file'],
  ['Name', 'A click shows its logs below'],
  ['RTU no', 'Common address (CA)'],
  ['Port', 'Port that masters connect to'],
  ['State', 'offline: not listening; listening: no master; connected; online: data transfer'],
  ['Masters', 'Masters that are connected'],
  ['GI', 'Whether a general interrogation is being answered'],
  ['Last index', 'Index of the IO file that was sent last'],
  ['Sent', 'Rows of the IO file that were sent'],
  ['Waiting', 'Rows that wait to be sent'],
];
const ORDERS: Heading = ['Orders', 'What can be done to this RTU'];
const TIPS: Readonly<Record<Order, string>> = {
  offline: 'Close its connections, and do not listen any more',
  online: 'Listen again',
  drop: 'Close its connections; masters may connect again at once',
  restart: 'As if it had been switched off and on: connections are closed, and End of initialization is sent',
};

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
        <Headings headings={others.mayOrder ? [...HEADINGS, ORDERS] : HEADINGS} />
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
    <button type="button" onClick={give(verb)} aria-label={`${label} ${name}`} data-tip={TIPS[verb]}>
      {label}
    </button>
  );
  return (
    <tr data-id={id} class={id === selected ? 'selected' : undefined}>
      <td>{id}</td>
      <td>
        <button
          type="button"
          class="plain"
          aria-pressed={id === selected}
          onClick={() => select(id)}
          data-tip="Show its logs"
        >
          {name}
        </button>
      </td>
      <td>{rtuNumber}</td>
      <td>{port}</td>
      <td class={listening ? 'state' : 'state warn'}>{stateOf(rtu)}</td>
      <td data-tip={masters.map(({ peer }) => peer).join(', ')}>{masters.length}</td>
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
