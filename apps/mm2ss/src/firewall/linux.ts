import { type Inbound, type Openings, type Outbound, remark, toBeFilledIn } from './openings.js';

/** A file for `nft -f`: a table of its own, so that nothing else of the firewall is touched. */
export function nftablesRules({ inbound, outbound }: Openings): string[] {
  return [
    'table inet iec104mm2ss',
    'delete table inet iec104mm2ss',
    'table inet iec104mm2ss {',
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    '    ct state established,related accept',
    ...inbound.flatMap(nftInbound),
    '  }',
    '  # For a firewall that lets nothing out by default: take these into its output chain.',
    '  chain to_rtus {',
    ...outbound.map(nftOutbound),
    '  }',
    '}',
  ];
}

function nftInbound(rule: Inbound): string[] {
  const { port, sources } = rule;
  const comment = `comment "${remark(rule)}"`;
  if (sources === undefined) return [`    tcp dport ${port} accept ${comment}`];
  const accept = (family: string, from: readonly string[]): string[] =>
    from.length === 0 ? [] : [`    tcp dport ${port} ${family} saddr { ${from.join(', ')} } accept ${comment}`];
  return [...accept('ip', sources.v4), ...accept('ip6', sources.v6), `    tcp dport ${port} drop`];
}

function nftOutbound(rule: Outbound): string {
  const { host, port, family } = rule;
  if (family === 'name') return `    ${toBeFilledIn(rule)}`;
  return `    tcp dport ${port} ${family === 'v4' ? 'ip' : 'ip6'} daddr ${host} accept comment "${remark(rule)}"`;
}

const CHAIN = 'IEC104MM2SS';

/** A shell script: a chain of its own in iptables and ip6tables, filled anew each time. */
export function iptablesRules({ inbound, outbound }: Openings): string[] {
  return [
    '#!/bin/sh',
    'set -e',
    ...(['v4', 'v6'] as const).flatMap((family) => {
      const command = family === 'v4' ? 'iptables' : 'ip6tables';
      return [
        '',
        `${command} -N ${CHAIN} 2>/dev/null || ${command} -F ${CHAIN}`,
        `${command} -C INPUT -p tcp -j ${CHAIN} 2>/dev/null || ${command} -I INPUT -p tcp -j ${CHAIN}`,
        `${command} -A ${CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN`,
        ...inbound.flatMap((rule) => iptablesInbound(command, family, rule)),
        '# For a firewall that lets nothing out by default:',
        ...outbound.flatMap((rule) => iptablesOutbound(command, family, rule)),
      ];
    }),
  ];
}

function iptablesInbound(command: string, family: 'v4' | 'v6', rule: Inbound): string[] {
  const { port, sources } = rule;
  const comment = `-m comment --comment '${remark(rule)}'`;
  const add = `${command} -A ${CHAIN} -p tcp`;
  if (sources === undefined) return [`${add} --dport ${port} ${comment} -j ACCEPT`];
  const accepts = sources[family].map((from) => `${add} -s ${from} --dport ${port} ${comment} -j ACCEPT`);
  return [...accepts, `${add} --dport ${port} -j DROP`];
}

function iptablesOutbound(command: string, family: 'v4' | 'v6', rule: Outbound): string[] {
  const { host, port } = rule;
  if (rule.family === 'name') return [toBeFilledIn(rule)];
  return rule.family === family ? [`# ${command} -A OUTPUT -p tcp -d ${host} --dport ${port} -j ACCEPT`] : [];
}
