/** What a group's parts say of themselves, in short lists. */
import type { GroupStatus, OverviewRow } from '@iec104mm2ss/console-api';
import type { ComponentChildren } from 'preact';
import { Age, At } from '../../ui/age.js';
import { Gauge } from '../../ui/gauge.js';
import { RtuMark } from '../../ui/rtu-state.js';
import { count, rate } from '../../ui/words.js';

export function Fact({ name, tip, children }: { name: string; tip: string; children: ComponentChildren }) {
  return (
    <div>
      <dt data-tip={tip}>{name}</dt>
      <dd>{children ?? '–'}</dd>
    </div>
  );
}

function Served({ by }: { by: { instance: string; silent: boolean; lastHeardAt: string } | null | undefined }) {
  if (by === undefined) return <>this process</>;
  if (by === null) return <span class="bad">nobody</span>;
  return (
    <span class={by.silent ? 'bad' : ''}>
      {by.instance}
      {by.silent && (
        <>
          , silent for <Age at={by.lastHeardAt} />
        </>
      )}
    </span>
  );
}

export function Facts({ row, status }: { row: OverviewRow; status: GroupStatus }) {
  const { rtu, listener, log, rates, servedBy } = status;
  return (
    <div class="facts">
      <section>
        <h2>Link to the RTU</h2>
        <dl>
          <Fact name="State" tip="Of the link to the RTU">
            <RtuMark row={row} />
          </Fact>
          <Fact name="Since" tip="When this state was entered; started: the time of STARTDT">
            <At at={rtu.since} />
          </Fact>
          <Fact name="Endpoint" tip="Host and port of the RTU in use, or being tried">
            <span class="code">{rtu.endpoint ?? '–'}</span>
          </Fact>
          <Fact name="TLS" tip="Version of TLS, and whom the certificate of the RTU names">
            {rtu.tls === undefined ? '–' : rtu.tls === null ? 'no' : `${rtu.tls.version}, ${rtu.tls.identity}`}
          </Fact>
          <Fact name="Links made" tip="Connections established since the process started">
            {count(rtu.connects)}
          </Fact>
          <Fact name="Last error" tip="Why the link was lost, or could not be made, the last time">
            {rtu.lastError === null ? rtu.connects === null ? '–' : 'none' : <span>{rtu.lastError}</span>}
            {rtu.lastError !== null && row.lastErrorAt !== null && (
              <span class="muted">
                {', '}
                <Age at={row.lastErrorAt} /> ago
              </span>
            )}
          </Fact>
          <Fact name="Connector" tip="The process that holds the link to the RTU">
            <Served by={servedBy?.connector} />
          </Fact>
          <Fact
            name="Answers"
            tip="How the RTU answers commands, as learnt from it: whether it repeats the originator address"
          >
            {
              { mirrors: 'mirror the OA', opaque: 'do not mirror the OA', unknown: 'not known yet' }[
                rtu.habits?.originatorAddress ?? 'unknown'
              ]
            }
          </Fact>
        </dl>
      </section>
      <section>
        <h2>Listeners</h2>
        <dl>
          <Fact name="State" tip="Whether masters can connect: only while the RTU is connected">
            {listener.open === null ? 'not known' : listener.open ? 'open' : 'closed: masters get connection refused'}
          </Fact>
          {(status.gateways ?? []).map((gateway) => (
            <Fact key={gateway.instance} name="Gateway" tip="A process that masters connect to, and where it listens">
              <Served by={gateway} />
              {gateway.open === false && <div class="muted">closed</div>}
              {gateway.addresses.map((address) => (
                <div key={address} class={gateway.silent ? 'code muted' : 'code'}>
                  {address}
                </div>
              ))}
            </Fact>
          ))}
          <Fact name="Router" tip="The process that decides which master gets what">
            <Served by={servedBy?.router} />
          </Fact>
          <Fact name="Observe" tip="Only monitoring passes, commands are refused">
            {status.observe === undefined ? (
              '–'
            ) : status.observe === null ? (
              'off'
            ) : (
              <span class="warn">{status.observe.reason}</span>
            )}
          </Fact>
        </dl>
      </section>
      <section>
        <h2>Event log</h2>
        <Gauge
          value={log.unconfirmed}
          of={log.capacity}
          label="Events that no master has acknowledged"
          tone={log.full === true ? 'bad' : undefined}
        />
        <dl>
          <Fact name="State" tip="Whether it has room for more events of the RTU">
            {log.full === null ? 'not known' : log.full ? <span class="bad">full: the RTU waits</span> : 'takes events'}
          </Fact>
          <Fact name="Safe when" tip="The column ack: when an event may be acknowledged to the RTU">
            {status.ack}
          </Fact>
          <Fact name="Confirmed" tip="Every position below has been acknowledged by at least one master">
            {count(log.confirmed)}
          </Fact>
          <Fact name="Held" tip="Positions of the oldest event held and of the next one">
            {count(log.first)} … {count(log.next)}
          </Fact>
        </dl>
      </section>
      <section>
        <h2>Rates</h2>
        <dl>
          <Fact name="From RTU" tip="ASDUs a second from the RTU">
            {rate(rates.fromRtuPerSecond)} /s
          </Fact>
          <Fact name="To masters" tip="ASDUs a second to all its masters">
            {rate(rates.toMastersPerSecond)} /s
          </Fact>
          <Fact name="Commands" tip="Commands a second">
            {rate(rates.commandsPerSecond)} /s
          </Fact>
        </dl>
      </section>
    </div>
  );
}
