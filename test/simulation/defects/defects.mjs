export const patched = (_fileName, text) => text;
