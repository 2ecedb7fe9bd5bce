import { type Inbound, type Openings, type Outbound, remark, toBeFilledIn } from './openings.js';

const GROUP = 'iec104mm2ss';

/**
 * A PowerShell script. There are rules that allow only: Windows lets nothing in by default, and a rule that blocks a port there
 * wins over all that allow it.
 */
export function windowsRules({ inbound, outbound }: Openings): string[] {
  return [
    '#Requires -RunAsAdministrator',
    `Remove-NetFirewallRule -Group '${GROUP}' -ErrorAction SilentlyContinue`,
    ...inbound.map(inboundRule),
    '# For a firewall that lets nothing out by default:',
    ...outbound.map(outboundRule),
  ];
}

function inboundRule(rule: Inbound): string {
  const { port, tls, sources } = rule;
  const name = `IEC 104 ${tls ? 'TLS ' : ''}${remark(rule)}, port ${port}`;
  const from = sources === undefined ? 'Any' : [...sources.v4, ...sources.v6].flatMap(halves).join(',');
  return newRule(name, `-Direction Inbound -LocalPort ${port} -RemoteAddress ${from}`);
}

/** Windows takes no network without a prefix: all addresses of one family are two networks for it. */
function halves(cidr: string): string[] {
  if (cidr === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1'];
  return cidr === '::/0' ? ['::/1', '8000::/1'] : [cidr];
}

function outboundRule(rule: Outbound): string {
  const { host, port, family } = rule;
  if (family === 'name') return toBeFilledIn(rule);
  return newRule(
    `IEC 104 RTU ${remark(rule)}, ${host} port ${port}`,
    `-Direction Outbound -RemotePort ${port} -RemoteAddress ${host}`,
  );
}

function newRule(name: string, what: string): string {
  return `New-NetFirewallRule -Group '${GROUP}' -DisplayName '${name}' -Protocol TCP ${what} -Action Allow | Out-Null`;
}
