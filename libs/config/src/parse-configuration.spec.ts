import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { parseConfiguration } from './parse-configuration.js';

const SAMPLE = readFileSync(new URL('../testdata/sample.csv', import.meta.url), 'utf8');
const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';

const rowOf = (id: string, port: number | string = `24${id.padStart(2, '0')}`): string =>
  `${id},RTU-${id},${port},1,2,60,15,10,20,8,12,1000,Y,all,10.9.9.9:2404,`;

function load(...lines: string[]) {
  const { groups, problems, settings } = parseConfiguration(lines.join('\n'));
  return { ids: groups.map(({ id }) => id), groups, problems, settings };
}

describe('the sample of the manual', () => {
  test('loads two groups and reports the rest', () => {
    const { groups, problems, settings } = parseConfiguration(SAMPLE);
    expect(groups).toMatchObject([
      { id: '111', row: 44, name: 'RTU-ABB', port: 2404, rtuNumber: 32, maxConnections: 2, sameIp: 'all' },
      { id: '222', row: 45, name: 'Dreez-SCS', port: 2405, rtuNumber: 101, maxConnections: 2, sameIp: 'new' },
    ]);
    expect(groups[0]?.hosts.map(({ host, port }) => `${host}:${port}`).join(';')).toBe(
      '192.168.1.1:2413;192.168.1.1:2414;192.168.1.1:2415;127.0.0.1:2410',
    );
    expect(groups[0]?.filter.map(({ text }) => text)).toEqual(['192.168.1.16', '127.0.0.0/24', '10.1.1.0/24']);
    expect(problems).toEqual([
      { row: 46, field: 'id', reason: 'commented out', severity: 'note' },
      { row: 47, field: 'row', reason: expect.stringContaining('"!" ends the file here') as string, severity: 'note' },
      { row: 48, field: 'row', reason: 'after ! in row 47', severity: 'note' },
      { row: 49, field: 'row', reason: 'after ! in row 47', severity: 'note' },
    ]);
    expect(settings).toEqual({ ntpServers: [], ntpUpdateEverySec: 900, nogui: false });
  });

  test.each([
    ['CRLF', SAMPLE.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${SAMPLE}`],
    ['octets', Buffer.from(SAMPLE)],
    ['every cell quoted', SAMPLE.replaceAll('"', '').replace(/[^,\n]+/g, '"$&"')],
  ])('reads the same with %s', (_name, text) => {
    const plain = parseConfiguration(SAMPLE);
    const other = parseConfiguration(text);
    expect(other.groups).toEqual(plain.groups);
    expect(other.problems).toEqual(plain.problems);
  });

  test('uncommented settings and groups are in force', () => {
    const text = SAMPLE.replace(/^#(?=nogui|ntp|333)/gm, '');
    const { groups, settings } = parseConfiguration(text);
    expect(groups.map(({ id }) => id)).toEqual(['111', '222', '333']);
    expect(settings).toEqual({
      ntpServers: ['10.1.1.15', 'time.windows.com', 'pool.ntp.org'],
      ntpUpdateEverySec: 900,
      nogui: true,
    });
  });

  test('without the ! row the two below are skipped for their hosts', () => {
    const { groups, problems } = parseConfiguration(SAMPLE.replace(/^!.*\n/m, ''));
    expect(groups).toHaveLength(2);
    expect(problems.slice(1)).toMatchObject([
      { row: 47, field: 'hosts', severity: 'skipped', reason: expect.stringContaining('"192.168.1.16"') as string },
      { row: 48, field: 'hosts', severity: 'skipped' },
    ]);
  });
});

describe('the version line', () => {
  test.each([
    ['the manual’s', ['iec104MM2SS-1port-v1.0 ini file,,,', HEADER, rowOf('1')], 0],
    ['the manual’s in another case', ['IEC104mm2ss-1PORT-v1.0 ini file', HEADER, rowOf('1')], 0],
    ['none', [HEADER, rowOf('1')], 0],
    ['a comment', ['# iec104 ini file', HEADER, rowOf('1')], 0],
    ['another version', ['iec104MM2SS-1port-v2.0 ini file', HEADER, rowOf('1')], 1],
    ['another program', ['iec104rs ini file', HEADER, rowOf('1')], 1],
  ])('%s', (_name, lines, warnings) => {
    const { ids, problems } = load(...lines);
    expect(ids).toEqual(['1']);
    expect(problems).toHaveLength(warnings);
    if (warnings > 0) expect(problems[0]).toMatchObject({ row: 1, severity: 'warning' });
  });
});

describe('comments and the end of the file', () => {
  test.each([
    ['prose', 'just some words, with, commas', undefined],
    ['prose with numbers', '#3,see page 12,port 2404', undefined],
    ['an empty row', ',,,,', undefined],
    ['an id alone, commented', '#5', undefined],
    ['a commented group', `#${rowOf('5')}`, 'commented out'],
    ['a commented group with blanks', `# ${rowOf('5')}`, 'commented out'],
    ['a quoted commented group', `"#5"${rowOf('5').slice(1)}`, 'commented out'],
    ['a group whose id is no number', rowOf('5x'), 'the id "5x" is not a number'],
    ['a group whose id is negative', rowOf('-5', 2405), 'the id "-5" is not a number'],
    ['a group without id', rowOf('', 2405), 'the id "" is not a number'],
  ])('%s', (_name, line, reason) => {
    const { ids, problems } = load(HEADER, line, rowOf('1'));
    expect(ids).toEqual(['1']);
    expect(problems).toEqual(reason === undefined ? [] : [{ row: 2, field: 'id', reason, severity: 'note' }]);
  });

  test.each(['!', '!,,,', '! the rest is old', '!3,RTU', '"!"'])('%s ends the file', (stop) => {
    const { ids, settings, problems } = load(
      HEADER,
      rowOf('1'),
      stop,
      'nogui',
      '# words',
      'words',
      rowOf('2'),
      `#${rowOf('3')}`,
    );
    expect(ids).toEqual(['1']);
    expect(settings.nogui).toBe(false);
    expect(problems.map(({ row, severity }) => [row, severity])).toEqual([
      [3, 'note'],
      [7, 'note'],
    ]);
    expect(problems[1]?.reason).toBe('after ! in row 3');
  });

  test('! counts in the first row, in the id column, and not elsewhere', () => {
    expect(load('!', rowOf('1')).ids).toEqual([]);
    expect(load('sys name,id,port no,rtu no,hosts', 'A,!,,,', 'B,2,2404,1,10.9.9.9:2404').ids).toEqual([]);
    expect(load(HEADER, rowOf('1').replace('RTU-1', '!RTU')).groups).toMatchObject([{ name: '!RTU' }]);
  });
});

describe('the header row', () => {
  test('without one the manual’s order holds', () => {
    expect(load(rowOf('1'))).toMatchObject({ ids: ['1'], problems: [] });
  });

  test('any order, any case, blanks', () => {
    const { groups, problems } = load(
      ' Hosts ,FILTER,Same  IP,logevents,buffsize,K,W,T3,T2,T1,idletime,max conn,RTU no,Port No,Sys Name,ID',
      '10.9.9.9:2404,10.0.0.0/8,new,N,500,10,6,21,11,16,90,3,32,2404,RTU-7,7',
    );
    expect(problems).toEqual([]);
    expect(groups).toMatchObject([
      { id: '7', name: 'RTU-7', port: 2404, rtuNumber: 32, k: 10, w: 6, t1Ms: 16_000, buffsize: 500, sameIp: 'new' },
    ]);
  });

  test('our columns may follow', () => {
    const { groups, problems } = load(`${HEADER},masters,ack`, `${rowOf('1')},A=10.1.1.5,received`);
    expect(problems).toEqual([]);
    expect(groups).toMatchObject([{ ack: 'received', masters: [{ name: 'A' }] }]);
  });

  test('an unknown column is reported once and ignored', () => {
    const { ids, problems } = load(`${HEADER},remarks`, `${rowOf('1')},x`, `${rowOf('2')},y`);
    expect(ids).toEqual(['1', '2']);
    expect(problems).toEqual([
      { row: 1, field: 'remarks', reason: 'unknown column: it is ignored', severity: 'warning' },
    ]);
  });

  test.each([
    ['capitals', HEADER.toUpperCase()],
    ['underscores', HEADER.replaceAll(' ', '_')],
    ['no blanks', HEADER.replaceAll(' ', '')],
    ['dots', HEADER.replaceAll('no', 'No.')],
    ['line ends', HEADER.replace('max conn', '"max\nconn"').replace('same ip', '"same\r\nip"')],
    ['no-break spaces', HEADER.replaceAll(' ', '\u00a0')],
  ])('names with %s', (_name, header) => {
    expect(load(header, rowOf('1'))).toMatchObject({ ids: ['1'], problems: [] });
  });

  test('a misspelt column is told from which it may be', () => {
    expect(load(HEADER.replace('buffsize', 'bufsize'), rowOf('1')).problems).toContainEqual({
      row: 1,
      field: 'bufsize',
      reason: 'unknown column: it is ignored; "buffsize" is the nearest known one',
      severity: 'warning',
    });
  });

  test.each([
    'rigths',
    'right',
    'observ',
    'clocks',
    'filters',
    'tls prot',
    'port tls',
    'tls profil',
    'master',
    'max con',
  ])('nobody relies on a protection that is misspelt: %s', (heading) => {
    const { ids, problems } = load(`${HEADER},${heading}`, `${rowOf('1')},`, `${rowOf('2')},A=monitor`);
    expect(ids).toEqual(['1']);
    expect(problems).toMatchObject([
      { row: 1, field: heading, severity: 'warning' },
      { row: 3, severity: 'skipped', reason: expect.stringContaining(`column "${heading}" is unknown`) as string },
    ]);
  });

  test('a column for people is passed over', () => {
    expect(load(`${HEADER},remark,substation`, `${rowOf('1')},old,North`).ids).toEqual(['1']);
  });

  test('a column missing from the header is reported; its default holds', () => {
    const { groups, problems } = load('id,sys name,port no,rtu no,hosts', '1,A,2404,1,10.9.9.9:2404');
    expect(groups).toMatchObject([{ id: '1', k: 12, filter: [] }]);
    expect(problems).toMatchObject([
      { row: 1, severity: 'warning', reason: expect.stringContaining('same ip, filter') as string },
    ]);
  });

  test('a column that stands twice skips the rows that fill the second one', () => {
    const { ids, problems } = load(`${HEADER},filter`, `${rowOf('1')},10.1.1.5`, `${rowOf('2')},`);
    expect(ids).toEqual(['2']);
    expect(problems).toMatchObject([
      { row: 1, field: 'filter', severity: 'warning' },
      { row: 2, field: 'row', severity: 'skipped', reason: expect.stringContaining('stands twice') as string },
    ]);
  });

  test('a cell under a column without a name skips its row', () => {
    const header = HEADER.replace('hosts', ',hosts');
    const row = rowOf('1').replace('10.9.9.9', ',10.9.9.9');
    expect(load(header, row).ids).toEqual(['1']);
    expect(load(header, row.replace('all,', 'all,x'))).toMatchObject({
      ids: [],
      problems: [{ row: 2, reason: expect.stringContaining('no name') as string }],
    });
  });

  test('a header without id cannot be used: its rows are skipped, not guessed at', () => {
    const older = 'group id,sys name,port no,rtu no,master,hosts';
    const { ids, problems } = load(older, '111,RTU-ABB,,32,N,127.0.0.1:2404', '555,OSI-2,2409,32,Y,192.168.1.16');
    expect(ids).toEqual([]);
    expect(problems.filter(({ severity }) => severity === 'skipped').map(({ row }) => row)).toEqual([1, 2, 3]);
  });

  test('a header below groups counts for the rows below it and is remarked on', () => {
    const { groups, problems } = load(
      rowOf('1'),
      `rtu no,port no,${HEADER.replace('port no,rtu no,', '')}`,
      '32,2409,2,RTU-2,2,60,15,10,20,8,12,1000,Y,all,10.9.9.9:2404,',
    );
    expect(groups).toMatchObject([{ port: 2401 }, { port: 2409, rtuNumber: 32 }]);
    expect(problems).toMatchObject([{ row: 2, severity: 'warning' }]);
  });
});

describe('the number of cells', () => {
  test.each([
    ['empty cells beyond the header', `${rowOf('1')},,,`, true, 0],
    ['filter left out with its comma, as spreadsheets do', rowOf('1').slice(0, -1), true, 1],
    ['hosts left out', rowOf('1').split(',').slice(0, 14).join(','), false, 1],
    ['an id alone', '1', false, 1],
    ['a name with a comma but no quotes', `${rowOf('1').replace('RTU-1', 'RTU,1')}10.1.1.5`, false, 1],
    ['text beyond the header', `${rowOf('1')},x`, false, 1],
  ])('%s', (_name, line, loaded, problemCount) => {
    const { ids, problems } = load(HEADER, line);
    expect(ids).toEqual(loaded ? ['1'] : []);
    expect(problems).toHaveLength(problemCount);
    for (const problem of problems) {
      expect(problem).toMatchObject({ row: 2, field: 'row', severity: loaded ? 'warning' : 'skipped' });
    }
  });

  test('a short row is skipped where a lost cell could not be noticed', () => {
    const header = 'id,sys name,port no,rtu no,hosts,filter,max conn,idletime,t1,t2,t3,buffsize,logevents,same ip,w,k';
    const row = '1,A,2404,1,10.9.9.9:2404,,2,60,15,10,20,1000,Y,all,8,12';
    expect(load(header, row).ids).toEqual(['1']);
    expect(load(header, row.replace(',8,12', ',12')).ids).toEqual([]);
  });
});

describe('uniqueness', () => {
  test.each([
    ['id', rowOf('1', 2500), 'id', 'id 1 is already used in row 2'],
    ['id with leading zeros', rowOf('001', 2500), 'id', 'id 1 is already used in row 2'],
    ['port', rowOf('2', 2401), 'port no', 'port 2401 is already used in row 2'],
  ])('the second row with the same %s is skipped', (_name, second, field, reason) => {
    expect(load(HEADER, rowOf('1'), second, rowOf('3'))).toMatchObject({
      ids: ['1', '3'],
      problems: [{ row: 3, field, reason, severity: 'skipped' }],
    });
  });

  test('a skipped row claims nothing; RTU numbers may repeat', () => {
    expect(load(HEADER, rowOf('1').replace('Y', 'maybe'), rowOf('1'), rowOf('2')).ids).toEqual(['1', '2']);
  });
});

describe('general settings', () => {
  test('both spellings, repeated, in any case, anywhere above the !', () => {
    const { settings, problems } = load(
      'ntp_server,10.1.1.15,,',
      'NTPServer,time.example',
      'ntp_server,2001:db8::1',
      'ntp_server,10.1.1.15',
      HEADER,
      rowOf('1'),
      'ntp_update_every_sec,60',
      'nogui,,,',
    );
    expect(problems).toEqual([]);
    expect(settings).toEqual({
      ntpServers: ['10.1.1.15', 'time.example', '2001:db8::1'],
      ntpUpdateEverySec: 60,
      nogui: true,
    });
  });

  test.each([
    ['ntp_server,', 'ntp_server', 'skipped'],
    ['ntp_server,10.1.1.300', 'ntp_server', 'skipped'],
    ['ntpserver,two words', 'ntpserver', 'skipped'],
    ['ntp_update_every_sec,', 'ntp_update_every_sec', 'skipped'],
    ['ntp_update_every_sec,0', 'ntp_update_every_sec', 'skipped'],
    ['ntp_update_every_sec,2147484', 'ntp_update_every_sec', 'skipped'],
    ['ntp_update_every_sec,often', 'ntp_update_every_sec', 'skipped'],
    ['ntp_update_every_sec,900,s', 'ntp_update_every_sec', 'warning'],
    ['nogui,N', 'nogui', 'warning'],
    ['t1,256', 't1', 'skipped'],
    ['k,x', 'k', 'skipped'],
  ])('%s is reported', (line, field, severity) => {
    const { settings, problems } = load(line, rowOf('1'));
    expect(problems).toMatchObject([{ row: 1, field, severity }]);
    expect(settings).toMatchObject({ ntpServers: [], ntpUpdateEverySec: 900 });
  });

  test('the first of two values stays', () => {
    const { settings, problems } = load('ntp_update_every_sec,60', 'ntp_update_every_sec,70');
    expect(settings.ntpUpdateEverySec).toBe(60);
    expect(problems).toMatchObject([{ row: 2, reason: 'already set in row 1', severity: 'skipped' }]);
  });

  test('link constants are defaults for the empty cells of the groups below', () => {
    const empty = (id: string) => `${id},RTU-${id},240${id},1,2,,,,,,,,,,10.9.9.9:2404,`;
    const { groups, problems } = load(
      HEADER,
      empty('1'),
      'idletime,120',
      't1,30',
      't2,14',
      't3,40',
      'w,6',
      'k,9',
      empty('2'),
      rowOf('3'),
    );
    expect(problems).toEqual([]);
    expect(groups).toMatchObject([
      { idleTimeMs: 60_000, t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, w: 8, k: 12 },
      { idleTimeMs: 120_000, t1Ms: 30_000, t2Ms: 14_000, t3Ms: 40_000, w: 6, k: 9 },
      { idleTimeMs: 60_000, t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, w: 8, k: 12 },
    ]);
  });
});

describe('damaged text', () => {
  test('an unclosed quote costs its row, not the file', () => {
    expect(load(HEADER, rowOf('1').replace('RTU', '"RTU'), rowOf('2'), rowOf('3'))).toMatchObject({
      ids: ['2', '3'],
      problems: [{ row: 2, field: 'row', severity: 'skipped', reason: expect.stringContaining('quote') as string }],
    });
  });

  test('a quote that swallows a row up to another quote does not make a group of two rows', () => {
    const { ids, problems } = load(
      HEADER,
      rowOf('1').replace('RTU-1', '"RTU-1'),
      rowOf('2').replace('RTU-2', 'RTU-2"'),
    );
    expect(ids).toEqual([]);
    expect(problems.map(({ row, severity }) => [row, severity])).toEqual([
      [2, 'skipped'],
      [3, 'skipped'],
    ]);
  });

  test('groups inside a quoted comment are not loaded, and said so', () => {
    expect(load(HEADER, '"# old:', rowOf('1'), '",x', rowOf('2'))).toMatchObject({
      ids: ['2'],
      problems: [
        {
          row: 3,
          severity: 'skipped',
          reason: expect.stringContaining('inside a quoted cell that begins in row 2') as string,
        },
      ],
    });
  });

  test.each([['an unclosed quote', HEADER.replace('sys', '"sys')]])(
    'a header row with %s is not replaced by a guess',
    (_name, header) => {
      const { ids, problems } = load(header, rowOf('1'));
      expect(ids).toEqual([]);
      expect(problems.every(({ severity }) => severity === 'skipped')).toBe(true);
      expect(problems.at(-1)?.reason).toMatch(/the header in row \d cannot be used/);
    },
  );

  test('a row with other separators than the header is named for what it is', () => {
    expect(load(HEADER, rowOf('1').replaceAll(',', ';'))).toMatchObject({
      ids: [],
      problems: [{ row: 2, severity: 'skipped', reason: expect.stringContaining('not separated by commas') as string }],
    });
  });

  test('an id with something around it is a comment, but one that says what it might have been', () => {
    for (const id of ["'5", '５', '5.', '+5']) {
      const { ids, problems } = load(HEADER, rowOf(id, 2405), rowOf('1'));
      expect(ids).toEqual(['1']);
      expect(problems).toMatchObject([
        { row: 2, field: 'id', reason: expect.stringMatching(/is not a number; nearest valid form: 5$/) as string },
      ]);
    }
  });
});

describe('a file without a group says why', () => {
  test.each<[string, readonly string[], number, RegExp]>([
    ['nothing', [''], 1, /the file is empty/],
    ['blank rows', ['', ',,,', ' '], 1, /the file is empty/],
    ['a header alone', ['# RTUs', HEADER], 2, /no row below this header has a number in the column id/],
    ['prose', ['Dear colleague,', 'the file is attached.'], 1, /no header row .* no file of groups/],
    ['another table', ['name;value', 'a;b'], 1, /no header row/],
    ['settings only', ['nogui', 'ntp_server,10.1.1.15'], 1, /no header row/],
    ['comments', [HEADER, `#${rowOf('1')}`], 1, /each row is commented out/],
    ['an end before the first group', [HEADER, '!', rowOf('1')], 1, /each row is commented out, below "!"/],
  ])('%s', (_name, lines, row, reason) => {
    const { ids, problems } = load(...lines);
    expect(ids).toEqual([]);
    const why = problems.filter(({ severity }) => severity === 'skipped');
    expect(why).toEqual([{ row, field: 'row', severity: 'skipped', reason: expect.stringMatching(reason) as string }]);
  });

  test('not when that is said of the rows', () => {
    expect(load(HEADER, rowOf('1').replace('Y', 'maybe')).problems).toHaveLength(1);
  });
});
