/** Objects of Kubernetes, as far as the tests look into them; the schemas say the rest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: Spec;
  readonly data?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}
type Strings = Readonly<Record<string, string>>;

interface Metadata {
  readonly name: string;
  readonly labels?: Strings;
  readonly annotations?: Strings;
}

/** Of all kinds in one. */
interface Spec {
  readonly replicas?: number;
  readonly strategy?: { readonly rollingUpdate?: unknown };
  readonly selector?: { readonly matchLabels?: Strings } & Readonly<Record<string, unknown>>;
  readonly template?: Pod;
  readonly type?: string;
  readonly ports?: readonly ServicePort[];
  readonly externalTrafficPolicy?: string;
  readonly podSelector?: { readonly matchLabels?: Strings };
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
  readonly [key: string]: unknown;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly nodePort?: number;
}

/** Of a NetworkPolicy. */
export interface Rule {
  readonly from?: readonly unknown[];
  readonly to?: readonly unknown[];
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}

export interface Pod {
  readonly metadata: { readonly labels: Strings; readonly annotations?: Strings };
  readonly spec: PodSpec;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly hostNetwork?: boolean;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  readonly [key: string]: unknown;
}

export interface Volume {
  readonly name: string;
  readonly projected?: {
    readonly sources: readonly {
      readonly secret?: { readonly name: string; readonly items?: readonly { key: string; path: string }[] };
    }[];
  };
  readonly [key: string]: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly resources?: { readonly requests?: Strings; readonly limits?: Strings };
  readonly [key: string]: unknown;
}
