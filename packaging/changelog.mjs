/** @returns {string | undefined} what stands in a changelog (keepachangelog.com) under the heading of a version; undefined: nothing does */
export function sectionOf(changelog, version) {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((each) => each.startsWith(`[${version}]`));
  const text = section?.slice(section.indexOf('\n')).trim();
  return text ? `${text}\n` : undefined;
}
