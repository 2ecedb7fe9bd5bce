/** An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) as IPv4: filters and same-IP rules know one form. */
export function plainAddress(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** `address:port`, IPv6 in brackets. */
export function peerText(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
