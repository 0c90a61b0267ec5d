/** Receives the updates of a server on this machine and validates each against the contract. */
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
  /** Opens a URL for one case, which expects this many updates. */
  readonly open: (name: string, expected: number) => Inbox
  /** The updates so far that no case expects. */
  readonly surplus: () => ReadonlyArray<Finding>
}

export interface Inbox {
  readonly url: string
  readonly received: ReadonlyArray<ReceivedUpdate>
  /** Waits for all expected updates. */
  readonly wait: Effect.Effect<void>
}

export interface ReceivedUpdate {
  /** The contract's example that it corresponds to, if there is one. */
  readonly example: string | undefined
  readonly findings: ReadonlyArray<Finding>
}

/** Listens on loopback until the scope closes. With a secret, it verifies signatures. */
export const makeReceiver = Effect.fnUntraced(function* (
  updates: Updates,
  secret: string | undefined,
): Effect.fn.Return<Receiver, never, Scope.Scope> {
  const check = makeCheck(updates, secret)
  const inboxes = new Map<string, (update: ReceivedUpdate) => void>()
  const surplus: Array<Finding> = []
  const server = createServer((request, response) => {
    const receive = inboxes.get(request.url ?? "")
    void receiveFrom(request, response, (text) => receive?.(check(request, text)))
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
          const message = `the case "${name}" got more updates than the ${expected} that it expects`
          surplus.push(finding("surplus-update", message))
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

const receiveFrom = async (
  request: IncomingMessage,
  response: ServerResponse,
  receive: (text: string) => void,
): Promise<void> => {
  try {
    receive((await buffer(request)).toString("utf8"))
    response.writeHead(204).end()
  } catch {
    // The request was cut off.
    response.destroy()
  }
}

// -----------------------------------------------------------------------------
// One update
// -----------------------------------------------------------------------------

const where = "update sent to webhookUrl"

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
  // A header is a string, whatever type its schema has.
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
      ...(method === "POST"
        ? []
        : [finding("update-method", `the method is ${method ?? "missing"}, not POST`)]),
      ...headerChecks.flatMap(({ isValid, name, required }) => {
        const value = headers[name]
        if (value === undefined) {
          return required ? [finding("update-header", `the header ${name} is missing`)] : []
        }
        return isValid(String(value))
          ? []
          : [finding("update-header", `the header ${name} does not match its schema`)]
      }),
      ...(webhook === undefined || isSigned(webhook, headers, text)
        ? []
        : [finding("update-signature", "no signature matches the webhook secret")]),
    ]
    return { example: examples.find(({ value }) => corresponds(value, body))?.name, findings }
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

/** Compares the members that tell examples apart. All others belong to the message itself. */
const corresponds = (example: Example["value"], body: unknown): boolean =>
  ["field", "sub_type", "event"].every((name) => member(example, name) === member(body, name)) &&
  statusIn(example) === statusIn(body)

const statusIn = (body: unknown): unknown => member(member(body, "payload"), "message_status")

const member = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) ? value[name] : undefined
