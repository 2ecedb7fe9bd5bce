export interface DocumentedValue {
  readonly section: string;
  readonly path: string;
  readonly default: string | undefined;
  readonly text: string;
}
export const README_FILE: string;
export function documentedValues(yaml: string): DocumentedValue[];
export function valuesText(yaml: string): string;
export function readmeText(before: string, yaml: string): string;
export function wantedReadme(): Promise<string>;
