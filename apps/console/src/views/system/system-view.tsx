/** What everything runs on: processes, who owns what, the bus, the clock. */
import type { SystemAnswer } from '@iec104mm2ss/console-api';
import { api } from '../../api/client.js';
import { session } from '../../state/session.js';
import { Age, At } from '../../ui/age.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { Mark } from '../../ui/marks.js';
import { usePolled, waitingText } from '../../ui/polled.js';
import { partsText, plural } from '../../ui/words.js';
import { Fact } from '../group/facts.js';

const AGAIN_MS = 3_000;

export function SystemView() {
  const polled = usePolled(api.system, AGAIN_MS).value;
  const system = polled.value;
  const waiting = waitingText(polled);
  return (
    <section class="view">
      <div class="bar">
        <h1>System</h1>
        <span class="muted">
          {session.value !== undefined && `${session.value.product} ${session.value.release}, `}
          {session.value?.mode === 'process' ? 'everything in one process' : 'parts joined by NATS'}
        </span>
      </div>
      <div class="body">
        {waiting !== undefined && <p class={polled.failure === undefined ? 'muted' : 'problem bad'}>{waiting}</p>}
        {system !== undefined && (
          <>
            <div class="facts">
              <Clock system={system} />
              <BusFacts bus={system.bus} />
              <section>
                <h2>Console</h2>
                <dl>
                  <Fact name="Served by" tip="The process that serves this page">
                    <span class="code">{session.value?.instance}</span>
                  </Fact>
                  <Fact name="Tabs open" tip="Windows of the console, of all users, that this process serves">
                    {system.streams}
                  </Fact>
                  <Fact name="Releases" tip="Whether all processes are of one release">
                    {system.releasesDiffer ? <span class="warn">differ: see below</span> : 'all the same'}
                  </Fact>
                </dl>
              </section>
            </div>
            <Processes system={system} />
          </>
        )}
      </div>
    </section>
  );
}

const NTP = {
  off: { shape: 'ring', tone: 'plain', word: 'off', tip: 'No NTP server is configured' },
  trying: {
    shape: 'dashed',
    tone: 'warn',
    word: 'trying',
    tip: 'No server has answered yet, or none answers any more',
  },
  synchronised: {
    shape: 'full',
    tone: 'plain',
    word: 'synchronised',
    tip: 'A server answers, and the clock agrees with it, or was set by it',
  },
  'no privilege': {
    shape: 'half',
    tone: 'warn',
    word: 'no privilege',
    tip: 'The offset is known, but the clock may not be set',
  },
  'not set': {
    shape: 'half',
    tone: 'warn',
    word: 'not set',
    tip: 'The clock is off by the offset, and this program does not set it: that is asked for by --set-clock',
  },
} as const;

function Clock({ system: { ntp, now } }: { system: SystemAnswer }) {
  return (
    <section>
      <h2>Clock of this process</h2>
      <dl>
        <Fact name="NTP" tip="Whether a time server answers and the clock agrees with it">
          <Mark {...NTP[ntp.shown]} />
        </Fact>
        <Fact name="Time" tip="Of the host of this process">
          <At at={now} />
        </Fact>
        <Fact name="Offset" tip="Time of the server minus that of this host">
          {offsetText(ntp.offsetSeconds)}
        </Fact>
        <Fact name="Server" tip="The time server that answered last">
          {ntp.server ?? '–'}
          {ntp.stratum !== null && <span class="muted"> stratum {ntp.stratum}</span>}
        </Fact>
        <Fact name="Answered" tip="When a server answered last">
          {ntp.lastSuccessAt === null ? (
            'never'
          ) : (
            <>
              <Age at={ntp.lastSuccessAt} /> ago
            </>
          )}
        </Fact>
        {ntp.error !== null && (
          <Fact name="Error" tip="Why the clock was not set, or no server answered">
            <span class="warn">{ntp.error}</span>
          </Fact>
        )}
      </dl>
    </section>
  );
}

function BusFacts({ bus }: { bus: SystemAnswer['bus'] }) {
  return (
    <section>
      <h2>Bus</h2>
      <dl>
        <Fact name="Kind" tip="What joins the parts">
          {bus.kind === 'memory' ? 'in memory: one process' : 'NATS'}
        </Fact>
        <Fact name="State" tip="Whether the parts can reach each other">
          {bus.connected ? (
            <Mark shape="full" word="connected" tip="Parts reach each other" />
          ) : (
            <Mark
              shape="triangle"
              tone="bad"
              word={`not connected${bus.outage === undefined ? '' : `: ${bus.outage}`}`}
            />
          )}
        </Fact>
        {bus.server !== undefined && (
          <Fact name="Server" tip="The NATS server that this process is connected to">
            <span class="code">{bus.server}</span>
          </Fact>
        )}
        {typeof bus.durability === 'string' && (
          <Fact name="Durability" tip="What of the events NATS has written to disk when it confirms them">
            <span class={bus.syncsAlways === false ? 'warn' : ''}>{bus.durability}</span>
          </Fact>
        )}
      </dl>
    </section>
  );
}

const HEADINGS: readonly Heading[] = [
  ['State', 'Whether it answers; silent: as it was heard last'],
  ['Process', 'Its instance: host and process id'],
  ['Host', 'The machine, or the pod'],
  ['Parts', 'What it does'],
  ['Release', 'Release of the program'],
  ['Up', 'How long it has been running', 'number'],
  ['NTP', "Time synchronisation of the process's host, as far as the process does it"],
  ['Holds', 'Groups whose links, rules or listeners it has'],
];

function Processes({ system: { processes, owners, releasesDiffer } }: { system: SystemAnswer }) {
  return (
    <>
      <h2>
        Processes <span class="muted">{plural(processes.length, 'process', 'processes')}</span>
      </h2>
      <div class="scroll flat" tabIndex={0} role="region" aria-label="Table of processes">
        <table>
          <Headings headings={HEADINGS} />
          <tbody>
            {processes.map((process) => (
              <tr key={process.instance}>
                <td>
                  <ProcessMark process={process} />
                </td>
                <td class="code">{process.instance}</td>
                <td>{process.host}</td>
                <td>{partsText(process.parts)}</td>
                <td class={releasesDiffer ? 'warn' : ''}>{process.release}</td>
                <td class="number">
                  <Age at={process.startedAt} />
                </td>
                <td>
                  <NtpOf process={process} />
                </td>
                <td class="wrap">
                  {owners
                    .filter(({ instance }) => instance === process.instance)
                    .map(({ part, groups }) => (
                      <div key={part}>
                        {HOLDS[part] ?? part} <GroupList groups={groups} />
                      </div>
                    ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const SHOWN_GROUPS = 12;
const HOLDS: Readonly<Record<string, string>> = { router: 'routes', connector: 'links of', gateway: 'listens for' };

function GroupList({ groups }: { groups: readonly string[] }) {
  const more = groups.length - SHOWN_GROUPS;
  return (
    <span data-tip={more > 0 ? groups.join(', ') : undefined}>
      {groups.slice(0, SHOWN_GROUPS).join(', ')}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

type Process = SystemAnswer['processes'][number];

/** Each process has a clock of its own host. */
function NtpOf({ process: { ntp } }: { process: Process }) {
  if (ntp === null) return <span class="none">–</span>;
  const { shown, offsetSeconds, server, error } = ntp;
  const more = [offsetText(offsetSeconds), server, error].filter((part) => part !== null && part !== '–').join(', ');
  return <Mark {...NTP[shown]} tip={more === '' ? NTP[shown].tip : more} />;
}

const offsetText = (seconds: number | null): string => (seconds === null ? '–' : `${(seconds * 1000).toFixed(1)} ms`);

function ProcessMark({ process }: { process: Process }) {
  if (!process.silent) return <Mark shape="full" word="answers" tip="It was heard within the last seconds" />;
  return (
    <span class="mark bad">
      <Mark shape="question" tone="bad" word="silent for" /> <Age at={process.lastHeardAt} />
    </span>
  );
}
