/** Receives a server's updates on this machine, and holds each to the contract. */
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import { Webhook } from "standardwebhooks"
import type { Example, Updates } from "@effect-sent/contract/Contract"
import type { Finding } from "../../ContractReport.ts"

export interface Receiver {
  /** A URL of its own for this case, and what comes there; of how many are to come. */
  readonly open: (name: string, expected: number) => Inbox
  /** What came beyond that, so far. */
  readonly surplus: () => ReadonlyArray<Finding>
}

export interface Inbox {
  readonly url: string
  readonly received: ReadonlyArray<ReceivedUpdate>
  /** Waits until all have come. */
  readonly wait: Effect.Effect<void>
}

export interface ReceivedUpdate {
  /** The example of the contract that it is formed after; undefined when there is none. */
  readonly example: string | undefined
  readonly findings: ReadonlyArray<Finding>
}

/** Listens on loopback until the scope closes. With a secret, signatures are checked as well. */
export const makeReceiver = Effect.fnUntraced(function* (
  updates: Updates,
  secret: string | undefined,
): Effect.fn.Return<Receiver, never, Scope.Scope> {
  const check = makeCheck(updates, secret)
  const inboxes = new Map<string, (update: ReceivedUpdate) => void>()
  const surplus: Array<Finding> = []
  const server = createServer((request, response) => {
    const receive = inboxes.get(request.url ?? "")
    void answer(request, response, (text) => receive?.(check(request, text)))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  )
  const address = server.address()
  const port = address !== null && typeof address === "object" ? address.port : 0

  return {
    surplus: () => surplus,
    open: (name, expected) => {
      const path = `/updates/${inboxes.size + 1}`
      const received: Array<ReceivedUpdate> = []
      const complete = Deferred.makeUnsafe<void>()
      if (expected === 0) Deferred.doneUnsafe(complete, Effect.void)
      inboxes.set(path, (update) => {
        received.push(update)
        if (received.length === expected) Deferred.doneUnsafe(complete, Effect.void)
        if (received.length === expected + 1) {
          const due = expected === 0 ? "none" : `${expected}`
          surplus.push(
            finding("surplus-update", `an update came too many after "${name}", which has ${due}`),
          )
        }
      })
      return {
        url: `http://127.0.0.1:${port}${path}`,
        received,
        wait: Deferred.await(complete),
      }
    },
  }
})

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  receive: (text: string) => void,
): Promise<void> => {
  try {
    receive((await buffer(request)).toString("utf8"))
    response.writeHead(204).end()
  } catch {
    // It broke off: there is nobody left to answer.
    response.destroy()
  }
}

// -----------------------------------------------------------------------------
// One update
// -----------------------------------------------------------------------------

const where = "the update that came to webhookUrl"

const finding = (rule: string, message: string): Finding => ({
  rule,
  severity: "error",
  message,
  where,
})

const makeCheck = (
  { examples, headers: declared, schema }: Updates,
  secret: string | undefined,
): ((request: IncomingMessage, text: string) => ReceivedUpdate) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false })
  addFormats.default(ajv)
  const validate = Predicate.isObject(schema) ? ajv.compile(schema) : undefined
  // A header is text, whatever its schema says that it stands for.
  const headerAjv = new Ajv2020({ strict: false, coerceTypes: true })
  addFormats.default(headerAjv)
  const headerChecks = declared.map(({ name, required, schema: own }) => ({
    name,
    required,
    isValid: Predicate.isObject(own) ? headerAjv.compile(own) : () => true,
  }))
  const webhook = secret === undefined ? undefined : new Webhook(secret)

  return ({ headers, method }, text) => {
    const body = parse(text)
    if (validate?.(body) === false) {
      const problems = ajv.errorsText(validate.errors, { dataVar: "body" })
      return { example: undefined, findings: [finding("update-schema", problems)] }
    }
    const findings = [
      ...(method === "POST" ? [] : [finding("update-method", `it came by ${method ?? "?"}`)]),
      ...headerChecks.flatMap(({ isValid, name, required }) => {
        const value = headers[name]
        if (value === undefined) {
          return required ? [finding("update-header", `the header ${name} is missing`)] : []
        }
        return isValid(String(value))
          ? []
          : [finding("update-header", `the header ${name} is not as the contract has it`)]
      }),
      ...(webhook === undefined || isSigned(webhook, headers, text)
        ? []
        : [finding("update-signature", "no signature fits the secret")]),
    ]
    return { example: examples.find(({ value }) => isFormedAfter(value, body))?.name, findings }
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isSigned = (webhook: Webhook, headers: IncomingMessage["headers"], text: string): boolean => {
  const named = Object.fromEntries(
    ["id", "timestamp", "signature"].map((name) => [
      `webhook-${name}`,
      String(headers[`x-webhook-${name}`] ?? ""),
    ]),
  )
  try {
    webhook.verify(text, named)
    return true
  } catch {
    return false
  }
}

/** What tells one example from another; all else is about its own message. */
const isFormedAfter = (example: Example["value"], body: unknown): boolean =>
  ["field", "sub_type", "event"].every((name) => member(example, name) === member(body, name)) &&
  statusIn(example) === statusIn(body)

const statusIn = (body: unknown): unknown => member(member(body, "payload"), "message_status")

const member = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) ? value[name] : undefined
