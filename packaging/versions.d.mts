export function debianVersion(version: string): string;
export function windowsVersion(version: string): [number, number, number, number];
