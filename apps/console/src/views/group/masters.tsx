/** The masters of a group. */
import type { GroupStatus, OverviewRow } from '@iec104mm2ss/console-api';
import { may } from '../../state/session.js';
import { Age } from '../../ui/age.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { MasterMark } from '../../ui/rtu-state.js';
import { count } from '../../ui/words.js';
import { askDisconnect } from './orders.js';

const HEADINGS: readonly Heading[] = [
  ['State', 'Of the link to the master'],
  ['Master', 'Name from the column masters, or of its certificate'],
  ['Peer', 'Address and port that it comes from'],
  ['OA', 'Originator address that its commands have towards the RTU', 'number'],
  ['Connected', 'How long it has been connected', 'number'],
  ['Queue', 'ASDUs that wait to be sent or acknowledged; at the limit it is disconnected', 'number'],
  ['Sent', 'ASDUs sent to it', 'number'],
  ['Acknowledged', 'ASDUs that it has acknowledged', 'number'],
  ['Lag', 'Sent and not acknowledged yet', 'number'],
  ['Commands', 'Commands received of it', 'number'],
  ['Gateway', 'The process that holds the connection'],
];

const ORDERS: Heading = ['Orders', 'What can be done to this master', 'number'];

function headline({ mastersStarted, mastersConnected, mastersMax, silent }: OverviewRow): string {
  if (mastersStarted === null) return 'not known: no gateway answers';
  const more = silent.includes('gateway') ? '; those of the silent gateway are not known' : '';
  return `${mastersStarted} started, ${mastersConnected} connected, at most ${mastersMax ?? '–'}${more}`;
}

function whyNone({ mastersStarted }: OverviewRow, { listener }: GroupStatus): string {
  if (mastersStarted === null) return 'Not known.';
  return listener.open === false ? 'None: no listener is open while the RTU is away.' : 'None that is known.';
}

interface MastersProps {
  readonly row: OverviewRow;
  readonly status: GroupStatus;
  /** Whether a session is there by now: a dialog stays open for a while. */
  readonly isThere: (session: string) => boolean;
}

export function Masters({ row, status, isThere }: MastersProps) {
  const { masters } = status;
  return (
    <>
      <h2>
        Masters <span class="muted">{headline(row)}</span>
      </h2>
      {row.mastersMissing.length > 0 && <p class="problem warn">Not there: {row.mastersMissing.join(', ')}</p>}
      {/* Also without any: what had the focus in a row leaves it to this. */}
      <div class="scroll flat" tabIndex={0} role="region" aria-label="Table of masters">
        {masters.length === 0 ? (
          <p class="muted">{whyNone(row, status)}</p>
        ) : (
          <table>
            <Headings headings={may('order') ? [...HEADINGS, ORDERS] : HEADINGS} />
            <tbody>
              {masters.map((master) => {
                const lag =
                  master.sent === null || master.acknowledged === null ? null : master.sent - master.acknowledged;
                const full =
                  master.queue !== null && master.queueLimit !== null && master.queue * 2 > master.queueLimit;
                return (
                  <tr key={master.session}>
                    <td>
                      <MasterMark state={master.state} />
                    </td>
                    <td>{master.name ?? master.certificateName ?? <span class="none">–</span>}</td>
                    <td class="code">{master.peer ?? '–'}</td>
                    <td class="number">{master.originatorAddress ?? '–'}</td>
                    <td class="number">
                      <Age at={master.since} />
                    </td>
                    <td class={`number ${full ? 'warn' : ''}`}>
                      {count(master.queue)}
                      <span class="muted">/{count(master.queueLimit)}</span>
                    </td>
                    <td class="number">{count(master.sent)}</td>
                    <td class="number">{count(master.acknowledged)}</td>
                    <td class="number">{count(lag)}</td>
                    <td class="number">{count(master.commands)}</td>
                    <td class="code">{master.gateway ?? '–'}</td>
                    {may('order') && (
                      <td class="number">
                        <button
                          type="button"
                          class="small"
                          data-tip="Close its connection; it may connect again"
                          onClick={() => askDisconnect(row, master, () => isThere(master.session))}
                        >
                          Disconnect
                        </button>
                      </td>
                    )}
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}
