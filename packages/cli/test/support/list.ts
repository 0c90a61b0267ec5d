/** The template of all messages. */
export const template = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** The arguments that send a list of people. */
export const listArguments = (
  csv: string,
  ...flags: ReadonlyArray<string>
): ReadonlyArray<string> => [
  "send",
  "--csv",
  csv,
  "--template",
  template,
  "--campaign",
  "spring",
  ...flags,
]
