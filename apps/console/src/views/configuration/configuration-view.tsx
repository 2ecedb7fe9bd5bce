/** The configuration file: what of it is not in force, and who works with it. */
import type { ConfigurationAnswer, FileProblem } from '@iec104mm2ss/console-api';
import { api } from '../../api/client.js';
import { href } from '../../route.js';
import { rowOf } from '../../state/fleet.js';
import { At } from '../../ui/age.js';
import { type Heading, Headings } from '../../ui/headings.js';
import { Mark } from '../../ui/marks.js';
import { usePolled, waitingText } from '../../ui/polled.js';
import { partsText, plural } from '../../ui/words.js';
import { Fact } from '../group/facts.js';

const AGAIN_MS = 5_000;

export function ConfigurationView() {
  const polled = usePolled(api.configuration, AGAIN_MS).value;
  const waiting = waitingText(polled);
  return (
    <section class="view">
      <div class="bar">
        <h1>Configuration</h1>
        <span class="muted">{polled.value?.file}</span>
      </div>
      <div class="body">
        {waiting !== undefined && <p class={polled.failure === undefined ? 'muted' : 'problem bad'}>{waiting}</p>}
        {polled.value !== undefined && (
          <>
            <File file={polled.value} />
            <Problems problems={polled.value.problems} />
            <Processes processes={polled.value.processes} />
          </>
        )}
      </div>
    </section>
  );
}

function File({ file }: { file: ConfigurationAnswer }) {
  return (
    <div class="facts">
      <section>
        <h2>File</h2>
        <dl>
          <Fact name="Digest" tip="Equal where the octets of the file are">
            {file.digest === null ? <span class="bad">cannot be read</span> : <Digest digest={file.digest} />}
          </Fact>
          <Fact name="Groups" tip="Groups that load from the file">
            {file.groups}
          </Fact>
          <Fact name="Written as" tip="Encoding and separator, as found in the file">
            {file.encoding}, {file.delimiter}
          </Fact>
          <Fact name="NTP servers" tip="Rows ntp_server of the file: asked one after the other for the time">
            {file.ntpServers.length === 0 ? 'none' : file.ntpServers.join(', ')}
          </Fact>
        </dl>
      </section>
      <section>
        <h2>Until restart</h2>
        {file.edited.length === 0 ? (
          <p class="muted">Every group runs with what its row says.</p>
        ) : (
          <ul>
            {file.edited.map((id) => (
              <li key={id}>
                <a href={href(['edit', id])}>
                  {id} {rowOf(id)?.name}
                </a>{' '}
                runs with other values than the file has
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}

const Digest = ({ digest }: { digest: string }) => (
  <span class="code" data-tip={digest}>
    {digest.replace(/^\w+:/, '').slice(0, 12)}
  </span>
);

const SEVERITY = {
  skipped: { shape: 'triangle', tone: 'bad', word: 'skipped', tip: 'The row is not loaded' },
  warning: {
    shape: 'square',
    tone: 'warn',
    word: 'warning',
    tip: 'The row is loaded; something of it is not as it was meant, perhaps',
  },
  note: { shape: 'ring', tone: 'plain', word: 'note', tip: 'Nothing is wrong' },
} as const;

const PROBLEM_HEADINGS: readonly Heading[] = [
  ['Severity', 'Whether the row is loaded all the same'],
  ['Row', 'Line of the file', 'number'],
  ['Column', 'Column of the row, or setting of the file'],
  ['Reason', 'What is wrong, and what is expected'],
];

function Problems({ problems }: { problems: readonly FileProblem[] }) {
  return (
    <>
      <h2>
        Problems{' '}
        <span class="muted">
          {problems.length === 0 ? '' : `as mm2ss check lists them: ${plural(problems.length, 'line')}`}
        </span>
      </h2>
      {problems.length === 0 ? (
        <p class="muted">None.</p>
      ) : (
        <div class="scroll flat" tabIndex={0} role="region" aria-label="Problems of the file">
          <table>
            <Headings headings={PROBLEM_HEADINGS} />
            <tbody>
              {problems.map((problem, index) => (
                <tr key={index}>
                  <td>
                    <Mark {...SEVERITY[problem.severity]} />
                  </td>
                  <td class="number">{problem.row}</td>
                  <td>{problem.column}</td>
                  <td class="wrap">{problem.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const PROCESS_HEADINGS: readonly Heading[] = [
  ['Process', 'Its instance: host and process id'],
  ['Parts', 'What it does'],
  ['State', 'Whether it works with the file that is on disk here now'],
  ['Digest', 'Of the file that it works with; equal where the octets are'],
  ['Loaded', 'Since when it works with that file'],
  ['File', 'Where it reads the file'],
];

function Processes({ processes }: { processes: ConfigurationAnswer['processes'] }) {
  return (
    <>
      <h2>Who works with it</h2>
      <div class="scroll flat" tabIndex={0} role="region" aria-label="Processes and their files">
        <table>
          <Headings headings={PROCESS_HEADINGS} />
          <tbody>
            {processes.map((process) => (
              <tr key={process.instance}>
                <td class="code">{process.instance}</td>
                <td>{partsText(process.parts)}</td>
                <td class="wrap">
                  <FileMark process={process} />
                </td>
                <td>{process.digest === null ? '–' : <Digest digest={process.digest} />}</td>
                <td>
                  <At at={process.loadedAt} />
                </td>
                <td class="code">{process.file ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function FileMark({ process }: { process: ConfigurationAnswer['processes'][number] }) {
  if (process.silent)
    return <Mark shape="question" tone="bad" word="silent" tip="It does not answer: as it was heard last" />;
  if (process.refused !== null)
    return (
      <Mark
        shape="triangle"
        tone="bad"
        word={`refused: ${process.refused}`}
        tip="It goes on with the file that it had"
      />
    );
  if (process.digest === null) return <Mark shape="ring" word="no file" tip="It works without the file" />;
  if (process.differs)
    return <Mark shape="square" tone="warn" word="another file" tip="Not what is on disk here now" />;
  return <Mark shape="full" word="the same" tip="It works with the file that is on disk here now" />;
}
