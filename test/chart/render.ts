import { requireTool } from '../../tools/require.mjs';
import { type HelmOptions, manifestsOf, renderedText, type Values } from './helm.ts';
import type { Container, Manifest, Pod } from './manifests.ts';
import { KubernetesSchemas } from './schema-check.ts';

const folder = requireTool('kubernetes-schemas');
const schemas = folder === undefined ? undefined : new KubernetesSchemas(folder);

/** The objects of a release. */
export class Rendering {
  constructor(readonly objects: readonly Manifest[]) {}

  of(kind: string): Manifest[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  names(kind: string): string[] {
    return this.of(kind).map(({ metadata }) => metadata.name);
  }

  find(kind: string, name: string): Manifest | undefined {
    return this.of(kind).find(({ metadata }) => metadata.name === name);
  }

  /** Fails when there is none. */
  the(kind: string, name: string): Manifest {
    const found = this.find(kind, name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}, only ${this.names(kind).join(', ')}`);
    return found;
  }

  /** Pods and pod templates, by `kind/name`. */
  pods(): ReadonlyMap<string, Pod> {
    const entries = this.objects.map((object): [string, Pod | undefined] => {
      const own = object.kind === 'Pod' ? (object as unknown as Pod) : undefined;
      return [`${object.kind}/${object.metadata.name}`, own ?? object.spec?.template];
    });
    return new Map(entries.filter((entry): entry is [string, Pod] => entry[1] !== undefined));
  }

  /** The pod template of a Deployment, StatefulSet or Job. */
  pod(name: string): Pod {
    const found = [...this.pods()].find(([key]) => key.endsWith(`/${name}`));
    if (found === undefined) throw new Error(`there is no pod ${name}, only ${[...this.pods().keys()].join(', ')}`);
    return found[1];
  }
}

/** Whether objects are checked: where the schemas cannot be had, and CI does not insist, they are not. */
export const checksSchemas = schemas !== undefined;

/** What is wrong with objects by the schemas of Kubernetes. */
export const schemaProblems = (objects: readonly Manifest[]): string[] =>
  objects.flatMap((object) => schemas?.problems(object) ?? []);

/** Renders the chart; every object that it gives must be one that Kubernetes takes as a whole. */
export function render(values: readonly Values[], options: HelmOptions = {}): Rendering {
  const objects = manifestsOf(renderedText(values, options));
  const problems = schemaProblems(objects);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return new Rendering(objects);
}

/** The first container of a pod. */
export function main({ spec }: Pod): Container {
  const [container] = spec.containers;
  if (container === undefined) throw new Error('a pod without containers');
  return container;
}

/** Environment of the first container, by name. */
export const environment = (pod: Pod): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries((main(pod).env ?? []).map(({ name, value }) => [name, value]));
