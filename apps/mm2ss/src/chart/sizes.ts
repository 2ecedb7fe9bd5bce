/** All that a ConfigMap may hold, keys and values, in octets. */
const CONFIG_MAP = 1_048_576;
/** The key `groups.csv`, and room for what belongs to it. */
const BESIDE = 1_024;
/** What `kubectl apply` writes into an annotation, and Argo CD unless it applies on the server's side. */
const LAST_APPLIED = 262_144;

/** Why a file cannot be given to pods; undefined: it can. */
export function sizeFault(csv: string): string | undefined {
  const octets = Buffer.byteLength(csv);
  const most = CONFIG_MAP - BESIDE;
  if (octets <= most) return undefined;
  return (
    `${number(octets)} octets are more than the ${number(most)} that a ConfigMap holds: ` +
    'divide the groups among several releases, each with its own file'
  );
}

/** What is to be known of a large file; undefined: nothing. */
export function sizeRemark(csv: string): string | undefined {
  const octets = Buffer.byteLength(csv);
  if (octets <= LAST_APPLIED * 0.9) return undefined;
  return (
    `the file has ${number(octets)} octets: Helm and Flux take it, Argo CD and kubectl only with server-side apply ` +
    '(ServerSideApply=true, --server-side)'
  );
}

const number = (value: number): string => value.toLocaleString('en');
