import { nearest, refused, type Parsed } from './parsed.js';
import { type IpRange, parseSourceRanges } from './source-range.js';

/** A network of all addresses: everybody could then say who he is. */
const EVERYBODY = ['0.0.0.0', '128.0.0.1', '::1', '8000::1'];

/** Reads the `proxy` cell: the load balancers, as in `filter`. Whoever is listed says where a connection comes from. */
export function parseProxies(text: string): Parsed<readonly IpRange[]> {
  const ranges = parseSourceRanges(text);
  if (!ranges.ok) return ranges;
  const wide = ranges.value.find((range) => EVERYBODY.filter((address) => range.contains(address)).length > 1);
  if (wide === undefined) return ranges;
  return refused(
    `${wide.text} lets everybody say who he is: name the load balancers${nearest('their addresses, 10.1.1.5;10.1.1.6')}`,
  );
}
