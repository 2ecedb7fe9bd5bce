import { type Identity, newSeed, publicKeyOf, userList, userListText } from '@iec104mm2ss/bus';
import { parseConfiguration } from '@iec104mm2ss/config';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { filesBelow } from '../program-files.js';
import { type ChartFlags, writeChart } from './write-chart.js';

const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter\n';
const row = (id: number, name = `RTU ${id}`): string =>
  `${id},${name},${2400 + id},${id},5,60,15,10,20,8,12,1000,N,all,10.0.0.${id}:2404,10.1.1.5/24\n`;

/** A chart as ours is, in small. */
const CHART: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: mm2ss\nversion: 0.1.0\n',
  '.helmignore': '# not for the cluster\n/ci/\n*.orig\n',
  'values.yaml': [
    '# The image.',
    'image:',
    '  # Where it is.',
    '  repository: iec104mm2ss # without a registry',
    '',
    '# From the file.',
    'csv: ""',
    'csvDigest: ""',
    'groups: {}',
    'skipped: []',
    'natsUsers: ""',
    'gateways:',
    '  replicas: 2',
    '  ports: [1, 2]',
    'connectors: { groupsPerPod: 1 }',
    '',
  ].join('\n'),
  'values.schema.json': JSON.stringify({
    type: 'object',
    additionalProperties: false,
    properties: {
      image: { $ref: '#/$defs/image' },
      gateways: {
        type: 'object',
        additionalProperties: false,
        properties: {
          replicas: { type: ['integer', 'null'], minimum: 0 },
          ports: { type: 'array', items: { type: 'integer' } },
          layout: { enum: ['shared', 'perGroup'] },
          ip: { anyOf: [{ type: 'string', pattern: '^[0-9.]+$' }, { type: 'integer' }] },
        },
      },
      connectors: { type: 'object', properties: { groupsPerPod: { type: 'integer' } } },
      groups: { type: 'object', additionalProperties: { $ref: '#/$defs/group' } },
    },
    $defs: {
      image: { type: 'object', additionalProperties: false, properties: { repository: { type: 'string' } } },
      group: {
        type: 'object',
        additionalProperties: false,
        properties: { nodeSelector: { type: 'object' }, tlsSecret: { type: 'string' } },
      },
    },
  }),
  'templates/pods.yaml': 'kind: {{ .Values.image.repository }}\n',
  'ci/minimal-values.yaml': 'a: 1\n',
  'templates/pods.yaml.orig': 'x\n',
};

let folder: string;
let file: string;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mm2ss-chart-'));
  for (const [path, text] of Object.entries(CHART)) await put(`static/${path}`, text);
  file = await put('groups.csv', HEADER + row(7) + row(12));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, text: string | Uint8Array): Promise<string> {
  const whole = join(folder, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, text);
  return whole;
}

const text = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
const values = async (path = 'chart'): Promise<Record<string, never>> =>
  parse(await text(`${path}/values.yaml`)) as Record<string, never>;

function chart(flags: ChartFlags = { output: join(folder, 'chart') }): Promise<number> {
  out = '';
  err = '';
  const sinks = { out: (said: string) => void (out += said), err: (said: string) => void (err += said) };
  return writeChart(file, flags, sinks, filesBelow(join(folder, 'static')));
}
const to = (flags: ChartFlags = {}): ChartFlags => ({ output: join(folder, 'chart'), ...flags });

describe('mm2ss chart -o FOLDER', () => {
  it('writes the chart with the values of the file, and what Helm reads of it only', async () => {
    expect(await chart()).toBe(0);
    expect(err).toBe('');
    expect(out).toMatch(/chart: chart of 2 groups, for helm upgrade --install NAME .*chart\n$/);
    const names = await readdir(join(folder, 'chart'), { recursive: true });
    expect(names.sort()).toEqual([
      '.helmignore',
      '.mm2ss-chart',
      'Chart.yaml',
      'files',
      'files/csv-digest',
      'templates',
      'templates/pods.yaml',
      'values.schema.json',
      'values.yaml',
    ]);
    expect(await text('chart/.helmignore')).toBe(`${CHART['.helmignore']}.mm2ss-chart\n`);
    expect(await values()).toMatchObject({
      image: { repository: 'iec104mm2ss' },
      csv: HEADER + row(7) + row(12),
      csvDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      groups: { '7': { name: 'RTU 7', port: 2407, sources: ['10.1.1.0/24'] }, '12': { rtuNumber: 12 } },
      skipped: [],
      natsUsers: '',
      connectors: { groupsPerPod: 1 },
    });
  });

  it('keeps the comments of the values', async () => {
    await chart();
    const lines = (await text('chart/values.yaml')).split('\n');
    expect(lines.slice(0, 4)).toEqual(CHART['values.yaml']?.split('\n').slice(0, 4));
    expect(lines.slice(5, 8)).toEqual([
      '# From the file.',
      '# csv: at the end of this file',
      '# csvDigest: at the end of this file',
    ]);
    expect(lines).toContain('# Written by mm2ss chart from groups.csv: changes made here are lost.');
  });

  it('writes the same again, and where the file has changed only that', async () => {
    await chart();
    const first = await text('chart/values.yaml');
    await chart();
    expect(await text('chart/values.yaml')).toBe(first);
    await put('groups.csv', HEADER + row(12, 'Other') + row(7));
    await chart();
    const changed = (await text('chart/values.yaml')).split('\n').filter((line) => !first.split('\n').includes(line));
    expect(changed.filter((line) => !/^(?:csv|groups)Digest: /.test(line))).toEqual([
      '    name: "Other"',
      `  ${row(12, 'Other').trimEnd()}`,
    ]);
  });

  it('takes away what it wrote before and the chart has no more, and leaves what others put there', async () => {
    await chart();
    await put('chart/templates/own.yaml', 'kind: Own\n');
    await rm(join(folder, 'static/templates/pods.yaml'));
    expect(await chart()).toBe(0);
    expect(await readdir(join(folder, 'chart/templates'))).toEqual(['own.yaml']);
  });

  it('touches no folder of others, and nothing that was changed by hand, without --force', async () => {
    await put('chart/precious.txt', 'x');
    await expect(chart()).rejects.toThrow('is not empty, and was not made by this command');
    expect(await readdir(join(folder, 'chart'))).toEqual(['precious.txt']);
    expect(await chart(to({ force: true }))).toBe(0);
    expect(await text('chart/precious.txt')).toBe('x');
    await put('chart/values.yaml', 'mine: 1\n');
    await put('chart/templates/pods.yaml', 'mine: 2\n');
    await expect(chart()).rejects.toThrow('changed by hand: templates/pods.yaml, values.yaml');
    expect(await text('chart/values.yaml')).toBe('mine: 1\n');
    expect(await chart(to({ force: true }))).toBe(0);
    expect(await values()).toMatchObject({ skipped: [] });
  });

  it('removes nothing outside of the folder, whatever its list says', async () => {
    await chart();
    const precious = await put('precious.txt', 'x');
    await put('chart/.mm2ss-chart', `${'0'.repeat(64)}  ../precious.txt\n${'0'.repeat(64)}  ${precious}\n`);
    await chart(to({ force: true }));
    expect(await text('precious.txt')).toBe('x');
  });

  it('says that a file stands where the folder is to be', async () => {
    await put('chart', 'x');
    await expect(chart()).rejects.toThrow('cannot be written (it is a file)');
  });

  it('does again what was cut off, wherever that was', async () => {
    await chart();
    const all = await readdir(join(folder, 'chart'), { recursive: true, withFileTypes: true });
    const files = all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const order = files.filter((each) => !each.endsWith('.mm2ss-chart'));
    for (const path of order) {
      await rm(path);
      expect(await chart(), path).toBe(0);
    }
    // The very first writing: its list is there before anything else.
    await rm(join(folder, 'chart'), { recursive: true });
    await put('chart/values.yaml/taken', 'x');
    await expect(chart(to({ force: true }))).rejects.toThrow('cannot be written (');
    expect(await readdir(join(folder, 'chart'))).toContain('.mm2ss-chart');
    expect(
      (await readdir(join(folder, 'chart'), { recursive: true })).filter((name) => name.endsWith('.next')),
    ).toEqual([]);
    await rm(join(folder, 'chart/values.yaml'), { recursive: true });
    expect(await chart()).toBe(0);
  });

  it('never writes over what it reads, and nowhere when it is told nothing', async () => {
    const before = await text('groups.csv');
    const extra = await put('extra.yaml', 'gateways: { replicas: 3 }\n');
    const old = await put('old.csv', before);
    for (const output of [file, extra, old]) {
      for (const valuesOnly of [false, true]) {
        const flags = { output, valuesOnly, force: true, values: [extra], diff: old };
        await expect(chart(flags)).rejects.toThrow('which is read');
      }
    }
    await expect(chart({ output: '' })).rejects.toThrow('-o names nothing');
    expect([await text('groups.csv'), await text('old.csv')]).toEqual([before, before]);
    expect(await text('extra.yaml')).toBe('gateways: { replicas: 3 }\n');
  });
});

describe('rows that are not loaded', () => {
  const TWICE = HEADER + row(7) + row(7);

  it('are told as mm2ss check does, and nothing is written', async () => {
    await put('groups.csv', TWICE);
    expect(await chart()).toBe(1);
    expect(err).toContain('groups.csv: row 3, id: id 7 is already used in row 2\n');
    expect(err).toContain('--allow-skipped');
    await expect(readdir(join(folder, 'chart'))).rejects.toThrow('ENOENT');
  });

  it('are left out with --allow-skipped, and told in the values', async () => {
    await put('groups.csv', TWICE);
    expect(await chart(to({ allowSkipped: true }))).toBe(0);
    expect(await values()).toMatchObject({
      skipped: [
        { row: 3, reason: 'id: id 7 is already used in row 2' },
        { row: 3, reason: 'port no: port 2407 is already used in row 2' },
      ],
    });
    // Pods that run would refuse a file that has faults.
    const csv = String(((await values()) as Record<string, unknown>)['csv']);
    expect(csv).toBe(HEADER + row(7) + `#${row(7)}`);
    expect(parseConfiguration(Buffer.from(csv)).problems.filter(({ severity }) => severity === 'skipped')).toEqual([]);
  });

  it('make no chart when they are all there is', async () => {
    await put('groups.csv', HEADER);
    expect(await chart(to({ allowSkipped: true }))).toBe(1);
    expect(err).toContain('no group loads');
  });
});

describe('the text of the file', () => {
  it('comes back from the values as it is, in UTF-8 and with LF', async () => {
    const nasty = '# \u2028 \u0001\ttab: |  \n# "quotes" {{ .Values }} ä\n\n';
    for (const [before, after] of [
      ['', ''],
      ['\n  \n', '\n\n'],
      [nasty, nasty],
      ['# a\r\n', '#b\r'],
    ] as const) {
      const whole = before + HEADER + row(7, 'Süd') + after;
      await put('groups.csv', Buffer.from(`\ufeff${whole}`, 'utf16le'));
      expect(await chart()).toBe(0);
      expect((await values())['csv']).toBe(whole.replace(/\r\n?/g, '\n'));
    }
  });

  it('loses what no object can carry where that says nothing, and is refused where it does', async () => {
    await put('groups.csv', `# a\u0085b\ufeff\n${HEADER}${row(7)}\u007f\n`);
    await chart();
    expect((await values())['csv']).toBe(`# ab\n${HEADER}${row(7)}\n`);
    await put('groups.csv', HEADER + row(7, 'A\ufeffB'));
    await expect(chart()).rejects.toThrow('characters that no Kubernetes object can carry: U+FEFF');
  });

  it('is refused when no ConfigMap holds it, and remarked on when kubectl apply does not', async () => {
    const comment = `# ${'x'.repeat(97)}\n`;
    await put('groups.csv', HEADER + row(7) + comment.repeat(3_000));
    expect(await chart()).toBe(0);
    expect(err).toContain('server-side apply');
    await put('groups.csv', HEADER + row(7) + comment.repeat(10_500));
    await expect(chart()).rejects.toThrow(/1,050,\d+ octets are more than the 1,040,384 that a ConfigMap holds/);
  });
});

describe('a release that Helm can perhaps not store', () => {
  const large = (): Promise<string> =>
    put(
      'groups.csv',
      HEADER +
        Array.from(
          { length: 6_000 },
          (_, index) => `${index + 1},RTU ${index + 1},${index + 1_000},1,,,,,,,,,,,10.0.0.1:2404,\n`,
        ).join(''),
    );

  it('is remarked on, and not with several groups in a pod', async () => {
    await large();
    expect(await chart()).toBe(0);
    expect(err).toMatch(/the release will take some [\d,]+ of the 1,048,576 octets that Helm can store/);
    await chart(to({ values: [await put('extra.yaml', 'connectors: { groupsPerPod: 50 }\n')] }));
    expect(err).not.toContain('Helm can store');
  });
});

describe('--values', () => {
  const extra = async (yaml: string): Promise<ChartFlags> => to({ values: [await put('extra.yaml', yaml)] });

  it('is merged as Helm does: mappings by key, null takes out, all else is replaced', async () => {
    const own =
      'gateways: { ports: [3], replicas: null }\nimage:\n  repository: reg/x\ngroups:\n  "7": { nodeSelector: { a: b } }\n';
    expect(await chart(await extra(own))).toBe(0);
    expect(await values()).toMatchObject({
      image: { repository: 'reg/x' },
      gateways: { ports: [3] },
      groups: { '7': { name: 'RTU 7', nodeSelector: { a: 'b' } } },
    });
    expect((await values())['gateways']).not.toHaveProperty('replicas');
    expect(await text('chart/values.yaml')).toContain('# Where it is.');
  });

  it('takes later files over earlier ones', async () => {
    const files = [
      await put('1.yaml', 'gateways: { replicas: 3, ports: [9] }'),
      await put('2.yaml', 'gateways: { replicas: 4 }'),
    ];
    await chart(to({ values: files }));
    expect((await values())['gateways']).toEqual({ replicas: 4, ports: [9] });
  });

  it.each([
    ['gateways: { replica: 3 }', 'the chart has no setting gateways.replica; nearest: replicas'],
    ['gateways: { replicas: "3" }', 'gateways.replicas must be integer or null'],
    ['gateways: { replicas: -1 }', 'gateways.replicas must be 0 or more'],
    ['gateways: { ports: [1, x] }', 'gateways.ports[1] must be integer'],
    ['gateways: { layout: one }', 'gateways.layout must be one of shared, perGroup'],
    ['gateways: { ip: a }', 'gateways.ip must match'],
    ['image: x', 'image must be object'],
    ['nothing: 1', 'the chart has no setting nothing'],
    ['groups: { "7": { nodeselector: {} } }', 'the chart has no setting groups.7.nodeselector; nearest: nodeSelector'],
    ['groups: { "77": {} }', 'groups: the file has no group 77; nearest: 7'],
    ['groups: [7]', 'groups must be a mapping'],
    ['csv: x', 'csv comes from the configuration file'],
    ['groups: { "7": { port: 1 } }', 'groups.7.port comes from the configuration file'],
    ['groups: { "7": null }', 'groups.7 must be a mapping'],
    ['a: [', 'at line 1'],
    ['- a', 'is no mapping of settings'],
    ['a: 1\na: 2', 'Map keys must be unique'],
    ['connectors: { groupsPerPod: 0 }', 'groupsPerPod must be a whole number above 0'],
  ])('%j is refused: %s', async (yaml, reason) => {
    await expect(chart(await extra(yaml))).rejects.toThrow(reason);
    await expect(readdir(join(folder, 'chart'))).rejects.toThrow('ENOENT');
  });

  it('says what file cannot be read', async () => {
    await expect(chart(to({ values: ['none.yaml'] }))).rejects.toThrow('--values none.yaml: cannot be read (ENOENT)');
  });
});

describe('--values-only', () => {
  it('writes over values that it has written, and over nothing else without --force', async () => {
    const output = join(folder, 'values.yaml');
    const only = (more: ChartFlags = {}): Promise<number> => chart({ output, valuesOnly: true, ...more });
    expect(await only()).toBe(0);
    await put('groups.csv', HEADER + row(7));
    expect(await only()).toBe(0);
    expect(await text('values.yaml')).not.toContain('"12"');
    await put('values.yaml', 'mine: 1\n');
    await expect(only()).rejects.toThrow('was not written by this command');
    expect(await text('values.yaml')).toBe('mine: 1\n');
    expect(await only({ force: true })).toBe(0);
  });

  it('keeps a link, and writes to what it leads to', async () => {
    await put('elsewhere.yaml', '# Written by mm2ss chart from x\n');
    await symlink(join(folder, 'elsewhere.yaml'), join(folder, 'link.yaml'));
    expect(await chart({ output: join(folder, 'link.yaml'), valuesOnly: true })).toBe(0);
    expect(await text('elsewhere.yaml')).toContain('csvDigest');
    expect((await lstat(join(folder, 'link.yaml'))).isSymbolicLink()).toBe(true);
  });

  it('is written to a pipe', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    expect(await chart({ output: pipe, valuesOnly: true })).toBe(0);
    expect(await read).toContain('csvDigest');
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });

  it('prints the values, for helm -f, with what --values says', async () => {
    const extra = await put(
      'extra.yaml',
      'gateways: { replicas: null }\ngroups: { "7": { nodeSelector: { a: b } } }\n',
    );
    expect(await chart({ valuesOnly: true, values: [extra] })).toBe(0);
    expect(parse(out)).toMatchObject({
      gateways: { replicas: null },
      groups: { '7': { port: 2407, nodeSelector: { a: 'b' } }, '12': {} },
      csv: HEADER + row(7) + row(12),
    });
    const whole = join(folder, 'out.yaml');
    await chart({ valuesOnly: true, values: [extra], output: whole });
    expect(await text('out.yaml')).toContain('nodeSelector');
  });

  it('needs no output, what else does', async () => {
    await expect(chart({})).rejects.toThrow('-o FOLDER or -o FILE.tgz is needed');
  });
});

describe('mm2ss chart -o FILE.tgz', () => {
  it('gives the same octets for the same input, and no list of its files', async () => {
    await chart({ output: join(folder, 'a.tgz') });
    await chart({ output: join(folder, 'b.tgz') });
    const [a, b] = [await readFile(join(folder, 'a.tgz')), await readFile(join(folder, 'b.tgz'))];
    expect(a.equals(b)).toBe(true);
    const tar = gunzipSync(a);
    expect(tar.toString('utf8', 0, 16)).toBe('mm2ss/Chart.yaml');
    expect(tar.length % 512).toBe(0);
    expect(tar.includes('mm2ss/templates/pods.yaml')).toBe(true);
    expect(tar.includes('.mm2ss-chart')).toBe(false);
    expect(tar.includes('ci/minimal')).toBe(false);
  });

  it('is written over a chart of ours, and over nothing else without --force', async () => {
    const output = join(folder, 'a.tgz');
    await chart({ output });
    expect(await chart({ output })).toBe(0);
    await put('a.tgz', 'x');
    await expect(chart({ output })).rejects.toThrow('is there, and is no chart of this command');
    expect(await chart({ output, force: true })).toBe(0);
    await expect(chart({ output: join(folder, 'none/a.tgz') })).rejects.toThrow('cannot be written (ENOENT)');
  });

  it('is written to a pipe, which a folder is not', async () => {
    const pipe = join(folder, 'pipe.tgz');
    execFileSync('mkfifo', [pipe, join(folder, 'pipe')]);
    const read = readFile(pipe);
    expect(await chart({ output: pipe })).toBe(0);
    expect(gunzipSync(await read).toString('utf8', 0, 16)).toBe('mm2ss/Chart.yaml');
    await expect(chart({ output: join(folder, 'pipe') })).rejects.toThrow('cannot be written (it is no folder)');
  });
});

describe('--nats-auth', () => {
  const NAMES = ['connector-7', 'connector-12', 'router', 'gateway', 'setup'];
  const nkey = publicKeyOf(newSeed()) as string;
  const list = (names: readonly string[], identity: Identity = { nkey }): string => {
    const users = names.map((name) => ({ name, role: 'watcher' as const, identity }));
    return userListText(userList(users, { groups: ['7', '12'], httpControl: false }));
  };

  it('puts the list of users into the values, a line for each', async () => {
    await put('nats/users.json', list(NAMES));
    await put('nats/connector-7.nk', 'secret');
    await chart(to({ natsAuth: join(folder, 'nats') }));
    expect((await values())['natsUsers']).toBe(list(NAMES));
    const written = await text('chart/values.yaml');
    expect(written).not.toContain('secret');
    for (const name of NAMES) expect(written).toMatch(new RegExp(`^  .*"name":"${name}"`, 'm'));
  });

  it('leaves out of it what is not of a list of users, secrets too', async () => {
    const seed = newSeed();
    await put('nats/users.json', list(NAMES).replace('"format": 1,', `"format": 1, "seed": "${seed}",`));
    await chart(to({ natsAuth: join(folder, 'nats') }));
    expect(await text('chart/values.yaml')).not.toContain(seed);
  });

  it('refuses users without those of the pods, and what is no list', async () => {
    const flags = to({ natsAuth: join(folder, 'nats') });
    await expect(chart(flags)).rejects.toThrow(/users\.json cannot be read \(ENOENT\): run mm2ss nats-auth/);
    await put('nats/users.json', 'authorization {\n}\n');
    await expect(chart(flags)).rejects.toThrow(/users\.json is no list of users: it is no JSON: run mm2ss nats-auth/);
    await put('nats/users.json', list(NAMES.slice(1, 4)));
    await expect(chart(flags)).rejects.toThrow('has no user connector-7, setup: run mm2ss nats-auth');
    await put('nats/users.json', list(NAMES, { certificate: 'CN=x' }));
    await expect(chart(flags)).rejects.toThrow('connector-7 has a certificate');
  });

  it('knows the users of packed connectors', async () => {
    const packed = await put('extra.yaml', 'connectors: { groupsPerPod: 10 }\n');
    await put('nats/users.json', list(NAMES));
    const flags = to({ natsAuth: join(folder, 'nats'), values: [packed] });
    await expect(chart(flags)).rejects.toThrow(
      /has no user connector-0-9, connector-10-19: .* --groups-per-pod 10 first/,
    );
  });
});

describe('--diff', () => {
  const diff = async (old: string): Promise<number> => chart({ diff: await put('old.csv', old) });

  it('says what an upgrade does to pods, sessions, ports and policies', async () => {
    const old = HEADER + row(7).replace('10.0.0.7:2404', '10.0.0.1:2404') + row(9) + row(12).replace('10.1.1.5/24', '');
    expect(await diff(old)).toBe(0);
    expect(out.split('\n')).toEqual([
      'group 9 RTU 9: gone: its link is closed, its masters are disconnected, and what is kept for masters that are away is given up',
      'group 7 RTU 7: the link to the RTU is closed and opened anew, so its masters are disconnected (hosts)',
      'group 12 RTU 12: live, masters that the filter leaves out, or that have no rights, are disconnected (filter)',
      '0 groups unchanged',
      '',
      'Pods:',
      '  connector-9: removed',
      '  connector-7: restarts',
      '  routers, gateways and all other connectors: none restarts',
      '',
      'Sessions:',
      '  up to 10 of at most 15 are cut off: those of groups 9, 7',
      '',
      'Ports of the Service:',
      '  2409 goes (group 9)',
      '',
      'NetworkPolicies:',
      '  group 7: its connector may reach 10.0.0.7:2404 now, 10.0.0.1:2404 no more',
      '  group 12: masters may come from 10.1.1.0/24 now, everywhere no more',
      '',
      'NATS:',
      '  users that are left out: connector-9',
      '',
    ]);
  });

  it('says that gateways restart for a new group with a secret of its own, or perhaps for one that was there', async () => {
    const own = await put('own.yaml', 'groups: { 7: { tlsSecret: a }, 12: { tlsSecret: b } }\n');
    const old = await put('old.csv', HEADER + row(7));
    expect(await chart({ diff: old, values: [own] })).toBe(0);
    expect(out).toContain('gateways: all restart, as their pods have to name groups.12.tlsSecret;');
    expect(out).toContain('  all, at most 5, are cut off once\n');
    out = '';
    expect(await chart({ diff: join(folder, 'groups.csv'), values: [own] })).toBe(0);
    expect(out).toContain(
      'all gateways restart if the values before were without groups.7.tlsSecret, groups.12.tlsSecret',
    );
  });

  it('says so when the pods would not take the new file', async () => {
    await put('groups.csv', HEADER + row(7) + row(7));
    const old = await put('old.csv', HEADER + row(7));
    for (const content of [HEADER + row(7) + row(7), HEADER, 'garbage']) {
      await put('groups.csv', content);
      for (const allowSkipped of [true, false]) {
        expect(await chart(to({ diff: old, allowSkipped }))).toBe(2);
        expect(out).toContain('The new file would not be taken, nothing would change:');
      }
    }
    await expect(readdir(join(folder, 'chart'))).rejects.toThrow('ENOENT');
  });

  it.each(['', 'garbage', HEADER])('compares with no old file in which no group loads: %j', async (content) => {
    await expect(chart({ diff: await put('old.csv', content) })).rejects.toThrow('old.csv: no group loads');
  });

  it('writes the chart as well when it is told where', async () => {
    expect(await chart(to({ diff: await put('old.csv', HEADER + row(7)) }))).toBe(0);
    expect(out).toContain('connector-12: new');
    expect(Object.keys((await values())['groups'] ?? {})).toEqual(['7', '12']);
  });
});
