// What `helm test` asks of the running system: does every group have a connector and a router that answer, is there a gateway, and
// can masters connect where the RTU is connected? An RTU may be away: that is told, and no fault of the release.
// Nothing is sent to an RTU: it reads /status, which any router answers for all processes.
//
// STATUS_URL, STATUS_GROUPS (ids, with commas), STATUS_TOKEN_FILE (perhaps), STATUS_SECONDS: how long it may take to become so.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';

const { STATUS_URL, STATUS_GROUPS, STATUS_TOKEN_FILE, STATUS_SECONDS = '60' } = process.env;
const PAUSE_MS = 1000;

/** The first token of the file: others are for changing over. */
function bearer() {
  if (!STATUS_TOKEN_FILE) return {};
  const lines = readFileSync(STATUS_TOKEN_FILE, 'utf8').split('\n');
  const token = lines.map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#'));
  return { authorization: `Bearer ${token}` };
}

const status = () =>
  new Promise((resolve, reject) => {
    const request = get(STATUS_URL, { headers: bearer(), timeout: 5000 }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 200)}`));
      });
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', reject);
  });

const isConnected = ({ rtu }) => rtu.state !== null && rtu.state !== 'disconnected' && rtu.state !== 'connecting';

/** What is missing, in words. */
function faults({ groups, processes, configuration }) {
  const known = new Map(groups.map((group) => [group.id, group]));
  const unserved = STATUS_GROUPS.split(',').flatMap((id) => {
    const servedBy = known.get(id)?.servedBy;
    if (!known.has(id)) return [`group ${id}: nobody knows it`];
    return ['connector', 'router']
      .filter((part) => !servedBy?.[part] || servedBy[part].silent)
      .map((part) => `group ${id}: no ${part} answers`);
  });
  const closed = groups
    .filter((group) => isConnected(group) && group.listener.open !== true)
    .map(({ id }) => `group ${id}: the RTU is connected, and no gateway listens`);
  const gateways = processes.filter(({ parts, silent }) => parts.includes('gateway') && !silent);
  return [
    ...unserved,
    ...closed,
    ...(gateways.length === 0 ? ['no gateway answers'] : []),
    ...(configuration.differ ? ['the processes do not all work with the same file yet'] : []),
  ];
}

const until = performance.now() + Number(STATUS_SECONDS) * 1000;
for (;;) {
  let found;
  try {
    const answer = await status();
    found = faults(answer);
    if (found.length === 0) {
      for (const { id, name, rtu, masters } of answer.groups) {
        const why = rtu.state === 'disconnected' && rtu.lastError ? ` (${rtu.lastError})` : '';
        console.log(`group ${id} (${name}): RTU ${rtu.state}${why}, ${masters.length} masters`);
      }
      const connected = answer.groups.filter(isConnected).length;
      console.log(
        `${answer.processes.length} processes answer, every group has a connector and a router, ` +
          `${connected} of ${answer.groups.length} RTUs are connected`,
      );
      process.exit(0);
    }
  } catch (error) {
    found = [`${STATUS_URL}: ${error.message}`];
  }
  if (performance.now() > until) {
    for (const fault of found) console.error(fault);
    process.exit(1);
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
