import { type Openings, type Outbound, remark } from './openings.js';

const NAME = 'IEC104MM2SS';

const NOTES = [
  `! ${NAME}-MASTERS is for the interface towards the masters (in), ${NAME}-RTUS for the direction of the RTUs.`,
  '! IOS refuses whatever a list does not permit: add what else has to pass before a list is put on an interface.',
];

/** The addresses of the machine that the multiplexer runs on. */
export interface Machine {
  readonly v4: string | undefined;
  readonly v6: string | undefined;
}

/**
 * Extended access lists of IOS, for the interface towards the masters (in) and that towards the RTUs (in the direction of the
 * RTUs). Each ends with IOS's own "deny any": what else is to pass is added before.
 */
export function ciscoRules(openings: Openings, machine: Machine): string[] {
  const lists = (['v4', 'v6'] as const).flatMap((family) => {
    const own = machine[family];
    return own === undefined ? [] : familyRules(openings, family, own);
  });
  return [...NOTES, ...lists];
}

function familyRules({ inbound, outbound }: Openings, family: 'v4' | 'v6', own: string): string[] {
  const list = (suffix: string): string =>
    family === 'v4' ? `ip access-list extended ${NAME}-${suffix}` : `ipv6 access-list ${NAME}-${suffix}-V6`;
  const text = family === 'v4' ? wildcard : host6;
  const lines = [`no ${list('MASTERS')}`, list('MASTERS')];
  for (const rule of inbound) {
    const { port, sources } = rule;
    const from = sources === undefined ? ['any'] : sources[family].map(text);
    lines.push(` remark ${remark(rule)}`);
    for (const each of from) lines.push(` permit tcp ${each} host ${own} eq ${port}`);
    if (sources !== undefined) lines.push(` deny tcp any host ${own} eq ${port} log`);
  }
  lines.push('!', `no ${list('RTUS')}`, list('RTUS'));
  for (const rule of outbound) lines.push(...toRtu(rule, family, own));
  return [...lines, '!'];
}

function toRtu(rule: Outbound, family: 'v4' | 'v6', own: string): string[] {
  const { host, port } = rule;
  if (rule.family === 'name')
    return [` remark ${remark(rule)}: ${host} port ${port} is a name, permit its address here`];
  if (rule.family !== family) return [];
  return [` remark ${remark(rule)}`, ` permit tcp host ${own} host ${host} eq ${port}`];
}

/** `10.1.1.0/24` as IOS has it: `10.1.1.0 0.0.0.255`. */
function wildcard(cidr: string): string {
  const [address = '', bits] = cidr.split('/');
  if (bits === '32') return `host ${address}`;
  if (bits === '0') return 'any';
  const mask = 2 ** (32 - Number(bits)) - 1;
  return `${address} ${[24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.')}`;
}

function host6(cidr: string): string {
  if (cidr.endsWith('/128')) return `host ${cidr.slice(0, -4)}`;
  return cidr === '::/0' ? 'any' : cidr;
}
