/** A version as Debian has it: there 1.2.3~rc.1 is older than 1.2.3, and 1.2.3-rc.1 would be newer. */
export const debianVersion = (version) => version.replace('-', '~');

/** A version as the four numbers of Windows have it, which know no 1.2.3-rc.1. */
export function windowsVersion(version) {
  const [numbers] = version.split('-');
  const [major, minor, patch] = numbers.split('.').map(Number);
  return [major, minor, patch, 0];
}
