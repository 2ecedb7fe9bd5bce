import { gzipSync } from 'node:zlib';

/** All that a ConfigMap may hold, keys and values, in octets. */
const CONFIG_MAP = 1_048_576;
/** Keys, and what stands beside it, such as the configuration of NATS beside its users. */
const BESIDE = 8_192;
/** What `kubectl apply` writes into an annotation, and Argo CD unless it applies on the server's side. */
const LAST_APPLIED = 262_144;

/** What Helm stores of a release is one Secret, which holds as much, in base64. Measured, octets: the templates, and each Deployment. */
const TEMPLATES = 40_000;
const DEPLOYMENT = 90;
const NEARLY = 0.85;

/**
 * What is to be known of a release that Helm can perhaps not store; undefined: nothing.
 *
 * @param values the text of all its values, which it stores twice: by themselves, and in the objects
 */
export function releaseRemark(values: string, deployments: number): string | undefined {
  const octets = TEMPLATES + 2 * Math.ceil((gzipSync(values).length * 4) / 3) + DEPLOYMENT * deployments;
  if (octets < CONFIG_MAP * NEARLY) return undefined;
  return (
    `the release will take some ${number(octets)} of the ${number(CONFIG_MAP)} octets that Helm can store: put several groups ` +
    'into a pod (connectors.groupsPerPod), or divide the groups among several releases'
  );
}

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
