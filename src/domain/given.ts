/** Only what was given: without the fields that were left out, which null is not. */
export function onlyGiven<Fields extends object>(fields: Fields): { [Field in keyof Fields]?: Exclude<Fields[Field], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<typeof onlyGiven<Fields>>;
}
