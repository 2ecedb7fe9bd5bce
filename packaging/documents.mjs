/** Texts that each package has beside `docs`, whose pictures are in the zip only. */
export const TEXTS = ['README.md', 'CHANGELOG.md', 'UPGRADING.md', 'SECURITY.md'];
