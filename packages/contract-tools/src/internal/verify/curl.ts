/** A request as a curl command that reproduces it. Credentials are environment variables. */
import type { WireRequest } from "@effect-sent/contract/ContractValidator"

/** The environment variable of each credential, by header name in lower case. */
export type Secrets = Readonly<Record<string, string>>

const strict = new TextDecoder("utf-8", { fatal: true })

/** Longer bodies are left out: nobody pastes them. */
const maxBodyCharacters = 4000

export const toCurl = (
  url: string,
  { body, headers, method }: Omit<WireRequest, "target">,
  secrets: Secrets,
): string => {
  const listed = Object.entries(headers).map(([name, value]) => {
    const variable = secrets[name]
    return variable === undefined || value === ""
      ? `-H ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`
      : `-H "${name}: $${variable}"`
  })
  return ["curl -i -X", method, quote(url), ...listed, ...data(body)].join(" ")
}

const data = (body: Uint8Array): ReadonlyArray<string> => {
  if (body.length === 0) return []
  try {
    const text = strict.decode(body)
    // No argument of a command can contain one.
    if (text.includes("\0")) throw new Error("NUL")
    if (text.length > maxBodyCharacters) return [`--data-binary @${body.length}-bytes.json`]
    return ["--data-binary", text.startsWith("@") ? quote(` ${text}`) : quote(text)]
  } catch {
    const bytes = [...body].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
    return ["--data-binary", `@<(printf '${bytes}')`]
  }
}

/** For a shell, where only the quote itself is special between single quotes. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
