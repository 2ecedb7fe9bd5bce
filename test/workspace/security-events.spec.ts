import { SECURITY_EVENTS } from '@iec104mm2ss/observability';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';

const PAGE = new URL('../../docs/security-events.md', import.meta.url).pathname;

const HEAD = `# Security events

<!-- Made from libs/observability/src/security/security-events.ts. Write it anew with:
     npx vitest run --project workspace test/workspace/security-events.spec.ts --update -->

A security event is a log line (JSON) with these fields beside \`level\`, \`time\` (UTC, ISO 8601) and \`msg\`:

| field               | meaning                                                                                          |
| ------------------- | ------------------------------------------------------------------------------------------------ |
| \`event\`             | name, as in the list below and in \`mm2ss_security_events_total{event}\`                            |
| \`event_id\`          | stable id; it never means anything else                                                            |
| \`severity\`          | as RFC 5424 has it: alert, critical, error, warning, notice, informational                         |
| \`event_seq\`         | number of the event in its process, from 1, without a gap: a missing one was lost on its way       |
| \`instance\`          | name of the process: host, process id, random part; a process that starts again has another        |
| \`group\`             | id of the group, when it concerns one                                                              |
| \`peer\`              | \`address:port\` of the other end, when there is one                                                 |
| \`session\`           | number of the session of a master                                                                  |
| \`identity\`          | who the peer is, by the \`masters\` column or its certificate                                        |
| \`reason\`            | why: a stable word or code; of failures the words of the system                                    |
| \`clause\`, \`octets\`  | of a breach of the protocol: the clause of IEC 60870-5-104, and the first octets, hexadecimal      |

What a peer causes again and again is written once and then counted: within a minute one \`events_left_out\` tells how many were
left out (\`events\`: number by \`event_id\`; \`kinds\`; \`peer\`, or none for those of many peers together). The metric counts all.
The ids are our own (\`MM2SS:n.m\`): 1 sessions and links, 2 TLS, 3 rights, observe mode and clock commands, 4 rates and hostile peers, 5 the
bus, 6 configuration, process and its clock.

\`--syslog tls://HOST:PORT\` sends them to a SIEM as RFC 5424 messages: [command-line.md](command-line.md#security-events-to-a-siem).

`;

/** The page, as the catalogue has it now. */
async function page(): Promise<string> {
  const order = ([, a]: [string, { id: string }], [, b]: [string, { id: string }]): number =>
    a.id.localeCompare(b.id, 'en', { numeric: true });
  const rows = Object.entries(SECURITY_EVENTS)
    .sort(order)
    .map(([name, { id, severity, meaning }]) => `| ${id} | \`${name}\` | ${severity} | ${meaning} |`);
  const table = ['| id | event | severity | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return format(`${HEAD}${table}\n`, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

it('docs/security-events.md has the events of the catalogue', async () => {
  await expect(await page()).toMatchFileSnapshot(PAGE);
});
