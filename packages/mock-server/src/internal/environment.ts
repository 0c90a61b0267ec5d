/**
 * Flags from the environment: `EFFECT_SENT_MOCK_PORT=4020` is `--port 4020`. A flag on the command line has priority.
 */

const prefix = "EFFECT_SENT_MOCK_"

const valued = [
  "port",
  "host",
  "contract",
  "scenarios",
  "base-path",
  "webhook-secret",
  "webhook-timeout",
  "max-messages",
  "max-pending",
  "seed",
  "log",
  "log-level",
]
const repeated = ["allow-host", "inbox-host"]
const switches = ["realistic", "open", "exit-with-parent"]

/** The arguments, with those of the environment. Returns what is wrong with a variable as a text. */
export const withEnvironment = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyArray<string> | string => {
  // Other commands, and the help, do not take these flags.
  if (
    args.some((arg) => arg === "scenarios" || /^(?:--help|-h|--version|-v|--completions)/.test(arg))
  )
    return args
  const added: Array<string> = []
  for (const [name, value = ""] of Object.entries(environment)) {
    if (!name.startsWith(prefix)) continue
    const flag = name.slice(prefix.length).toLowerCase().replaceAll("_", "-")
    if (args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`))) continue
    if (flag === "port" && args.includes("-p")) continue
    if (valued.includes(flag)) added.push(`--${flag}=${value}`)
    else if (repeated.includes(flag)) {
      added.push(...value.split(",").map((one) => `--${flag}=${one.trim()}`))
    } else if (!switches.includes(flag)) {
      const known = [...valued, ...repeated, ...switches].join(", ")
      return `the variable ${name} is not the name of a flag; flags: ${known}`
    } else if (/^(?:1|true|yes)$/i.test(value)) added.push(`--${flag}`)
    else if (!/^(?:|0|false|no)$/i.test(value)) return `the variable ${name} must be true or false`
  }
  return [...args, ...added]
}
