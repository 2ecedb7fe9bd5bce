import { isIP } from 'node:net';
import { readConfiguration } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { ciscoRules, type Machine } from '../firewall/cisco.js';
import { iptablesRules, nftablesRules } from '../firewall/linux.js';
import { type Openings, openingsOf } from '../firewall/openings.js';
import { windowsRules } from '../firewall/windows.js';
import { formatProblem, isGood } from './check.js';
import { collect } from './collect.js';
import { UsageError } from './errors.js';

interface Format {
  readonly help: string;
  /** What a comment begins with. */
  readonly comment: string;
  readonly rules: (openings: Openings, machine: Machine) => string[];
}

const FORMATS: Readonly<Record<string, Format>> = {
  nftables: { help: 'a file for nft -f', comment: '#', rules: nftablesRules },
  iptables: { help: 'a shell script for iptables and ip6tables', comment: '#', rules: iptablesRules },
  windows: { help: 'a PowerShell script for the Windows firewall', comment: '#', rules: windowsRules },
  cisco: { help: 'access lists of IOS; needs --address', comment: '!', rules: ciscoRules },
};

interface FirewallFlags {
  readonly nftables?: boolean;
  readonly iptables?: boolean;
  readonly windows?: boolean;
  readonly cisco?: boolean;
  readonly address?: readonly string[];
}

export function registerFirewall(program: Command): void {
  const command = program
    .command('firewall')
    .description(
      'print the firewall rules for a configuration file: ports of masters with their filters, hosts of RTUs',
    )
    .argument(
      '<files...>',
      'configuration files (.csv): all that run on this machine, as the rules replace those of before',
    );
  for (const [name, { help }] of Object.entries(FORMATS)) command.option(`--${name}`, help);
  command
    .option('--address <address>', 'address of this machine, for --cisco; may be repeated for IPv4 and IPv6', collect)
    .addHelpText(
      'after',
      '\nNothing is changed: the rules are printed. Ports of HTTP (--http, --console) and of NATS are not among them.' +
        '\nExit code: 0; 1 when a row of the file is at fault and left out; 2 when the file cannot be read.',
    )
    .action(firewall);
}

async function firewall(files: readonly string[], flags: FirewallFlags): Promise<void> {
  const wanted = Object.entries(FORMATS).filter(([name]) => flags[name as keyof FirewallFlags] === true);
  const [chosen] = wanted;
  if (chosen === undefined || wanted.length > 1) {
    const all = Object.keys(FORMATS).map((name) => `--${name}`);
    throw new UsageError(`firewall: one of ${all.join(', ')}`);
  }
  const [name, { comment, rules }] = chosen;
  const machine = machineOf(flags.address ?? []);
  if (name === 'cisco' && machine.v4 === undefined && machine.v6 === undefined) {
    throw new UsageError('firewall: --cisco needs the address of this machine (--address 192.0.2.10)');
  }
  const configurations = await Promise.all(files.map((file) => readConfiguration(file)));
  const openings = openingsOf(configurations.flatMap(({ groups }) => groups));
  const lines = rules(openings, machine);
  const title = `${comment} IEC 60870-5-104: ${openings.inbound.length} ports of masters, ${openings.outbound.length} hosts of RTUs`;
  // A script says in its first line what runs it.
  const at = lines[0]?.startsWith('#!') === true ? 1 : 0;
  process.stdout.write(
    `${[...lines.slice(0, at), title, ...remarks(openings, comment), ...lines.slice(at)].join('\n')}\n`,
  );
  for (const [i, { problems }] of configurations.entries()) {
    for (const problem of problems.filter(({ severity }) => severity === 'skipped')) {
      process.stderr.write(`mm2ss: firewall: left out: ${files[i]}: ${formatProblem(problem)}\n`);
    }
  }
  process.exitCode = configurations.every(isGood) ? 0 : 1;
}

/** What a person should look at before the rules are used. */
function remarks({ inbound, outbound }: Openings, comment: string): string[] {
  const open = [...new Set(inbound.filter(({ sources }) => sources === undefined).map(({ group }) => group))];
  const named = outbound.filter(({ family }) => family === 'name');
  return [
    ...(open.length === 0 ? [] : [`${comment} Open to every source, as they have no filter: group ${open.join(', ')}`]),
    ...(named.length === 0
      ? []
      : [`${comment} By name, for which a rule needs an address: ${named.map(({ host }) => host).join(', ')}`]),
  ];
}

function machineOf(addresses: readonly string[]): Machine {
  for (const address of addresses) {
    if (isIP(address) === 0) throw new UsageError(`firewall: --address ${JSON.stringify(address)} is no IP address`);
  }
  return { v4: addresses.find((each) => isIP(each) === 4), v6: addresses.find((each) => isIP(each) === 6) };
}
