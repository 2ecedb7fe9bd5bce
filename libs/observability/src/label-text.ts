/** Labels in the text format of Prometheus, without the braces: `group="1",name="RTU-1"`. */
export function labelsText(names: readonly string[], labels: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name of names) text += `${text && ','}${labelText(name, labels[name] as string)}`;
  return text;
}

export const labelText = (name: string, value: string): string => `${name}="${escaped(value)}"`;

function escaped(value: string): string {
  return /[\\\n"]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"') : value;
}
