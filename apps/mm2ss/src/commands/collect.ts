/** For an option that may be repeated: what was said before, and one more. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];
