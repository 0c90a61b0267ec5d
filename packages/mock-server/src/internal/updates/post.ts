/** Posts an update to its receiver, and reports what came back. */
import type { Dispatcher, request as sendRequest } from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import { isLoopback } from "./receivers.ts"

/** The receiver's answer, or why none arrived. */
export type Outcome =
  { readonly status: number; readonly answer?: string } | { readonly problem: string }

export interface Update {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How long the receiver has to answer, in milliseconds of the machine's clock. */
  readonly timeoutMillis: number
}

export interface Post {
  /** Posts an update. Returns what aborts it; `done` is not called after that. */
  readonly post: (update: Update, done: (outcome: Outcome) => void) => () => void
  /** Loads what the first update needs, so that it does not wait for that. */
  readonly load: () => void
  readonly close: () => Promise<void>
}

/** The part of an answer's body that is stored. */
const answerCharacters = 1000
/** How long the body of an answer may take: the status already says whether the update was received. */
const bodyMillis = 1000

interface Client {
  readonly request: typeof sendRequest
  readonly local: Dispatcher
  readonly remote: Dispatcher
}

// Loaded late: many servers stop before they send an update.
const loadClient = async (): Promise<Client> => {
  const { Agent, EnvHttpProxyAgent, request } = await import("@effect/platform-node/Undici")
  const usesProxy = process.env["NODE_USE_ENV_PROXY"] === "1"
  return {
    request,
    // Never through a proxy, which could not reach this machine, and with any certificate, as development servers have.
    local: new Agent({ connect: { rejectUnauthorized: false } }),
    remote: usesProxy ? new EnvHttpProxyAgent() : new Agent(),
  }
}

export const makePost = (): Post => {
  let client: Promise<Client> | undefined

  return {
    post: ({ body, headers, timeoutMillis, url }, done) => {
      const controller = new AbortController()
      let isOver = false
      const finish = (outcome: Outcome): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        done(outcome)
      }
      const timer = setTimeout(() => {
        finish({ problem: `no answer within ${Duration.format(Duration.millis(timeoutMillis))}` })
        controller.abort()
      }, timeoutMillis)
      const send = async (): Promise<void> => {
        const { local, remote, request } = await (client ??= loadClient())
        const { body: answer, statusCode: status } = await request(url, {
          method: "POST",
          headers,
          body,
          // Redirects are not followed: a receiver must not lead the update to a host that is not allowed.
          dispatcher: isLoopback(url.hostname) ? local : remote,
          signal: controller.signal,
          headersTimeout: 0,
          bodyTimeout: 0,
        })
        let text = ""
        const end = (): void => {
          clearTimeout(cut)
          finish({ status, ...(text === "" ? {} : { answer: text.slice(0, answerCharacters) }) })
        }
        const cut = setTimeout(() => controller.abort(), Math.min(bodyMillis, timeoutMillis))
        answer.setEncoding("utf8")
        answer.on("data", (chunk: string) => {
          text += chunk
          if (text.length > answerCharacters) answer.destroy()
        })
        answer.on("error", end).on("close", end)
      }
      send().catch((cause: unknown) => finish({ problem: problemOf(cause) }))
      return () => {
        isOver = true
        clearTimeout(timer)
        controller.abort()
      }
    },
    load: () => {
      client ??= loadClient()
    },
    close: async () => {
      const { local, remote } = (await client) ?? {}
      await Promise.all([local?.destroy(), remote?.destroy()])
    },
  }
}

const problemOf = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : undefined
  if (code === "ECONNREFUSED") return "connection refused"
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `the host name was not found (${code})`
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET")
    return "connection reset before the answer"
  if (code !== undefined && /CERT|SELF_SIGNED|ISSUER/.test(code)) {
    return `${code}; start the mock with NODE_EXTRA_CA_CERTS to trust the certificate`
  }
  return code ?? (cause instanceof Error ? cause.message : String(cause))
}
