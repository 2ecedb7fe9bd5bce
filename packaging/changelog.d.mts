/** What stands in a changelog (keepachangelog.com) under the heading of a version; undefined: nothing does. */
export function sectionOf(changelog: string, version: string): string | undefined;
