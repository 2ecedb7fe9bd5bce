export function requireTool(name: string): string | undefined;
export function isCi(): boolean;
