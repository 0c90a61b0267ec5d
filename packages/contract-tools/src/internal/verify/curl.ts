/** A request as a line of curl, to see it again by hand. It names the environment where a credential would stand. */
import type { WireRequest } from "@effect-sent/contract/ContractValidator"

/** Header names in lower case, and the variable that holds the value. */
export type Secrets = Readonly<Record<string, string>>

const strict = new TextDecoder("utf-8", { fatal: true })

/** Longer bodies are nothing to paste. */
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
    if (text.length > maxBodyCharacters) return [`--data-binary @${body.length}-bytes.json`]
    return ["--data-binary", text.startsWith("@") ? quote(` ${text}`) : quote(text)]
  } catch {
    const bytes = [...body].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
    return ["--data-binary", `$'${bytes}'`]
  }
}

/** For a POSIX shell: nothing but the quote itself means anything in there. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
