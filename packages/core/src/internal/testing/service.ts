/** The service in memory: an HTTP client that answers without a socket, and keeps what it was asked. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { SendToPhoneRequest } from "../../SendToPhone.ts"
import { sign, type SignOptions } from "../../SentWebhook.ts"
import { sendToPhone } from "../send/operation.ts"
import type { MessageStatus } from "../updates/status.ts"
import type { Receive } from "../updates/receiver.ts"
import { accept, type Outcome, type TestResponse, type TestUpdate } from "./outcome.ts"

/** A request that came to the service. */
export interface TestRequest {
  readonly request: SendToPhoneRequest
  readonly at: DateTime.Utc
  /** The id of the message that the service made of it. Undefined if it did not accept it. */
  readonly messageId: string | undefined
}

/** A message that the service accepted. */
export interface TestMessage extends TestRequest {
  readonly messageId: string
}

/** An update that its receiver did not take. */
export class UpdateNotTaken extends Schema.TaggedError<UpdateNotTaken>()("UpdateNotTaken", {
  /** Why: the message has no `webhookUrl`, nothing receives updates, or the receiver's response. */
  why: Schema.String,
}) {
  override get message(): string {
    return `The update was not taken: ${this.why}`
  }
}

/** The options of `connect`. */
export interface ConnectOptions {
  /** The provider's webhook secret, as the receiver has it. Default: updates are not signed. */
  readonly webhookSecret?: SignOptions["secret"] | undefined
}

/** The service in memory, as a test sees it. */
export interface Service {
  /** All requests that came to the service, in order, refused ones and retries included. Invalid input never comes so far. */
  readonly requests: Effect.Effect<ReadonlyArray<TestRequest>>
  /** The messages that the service accepted, in order. */
  readonly messages: Effect.Effect<ReadonlyArray<TestMessage>>
  /** Sets what the next requests lead to, one after the other. Each outcome is used once. */
  readonly play: (...outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void>
  /** Sets what every request leads to that has no outcome by `play`. Default: the message is accepted. */
  readonly playAlways: (
    outcome: Outcome | ((request: SendToPhoneRequest) => Outcome),
  ) => Effect.Effect<void>
  /**
   * Sets what receives the updates: `receive` of a `DeliveryTracker`, or your own. `layerTracked` has done so. With a
   * `webhookSecret`, the updates are signed.
   */
  readonly connect: (receive: Receive, options?: ConnectOptions) => Effect.Effect<void>
  /** Sends an update of a message, by hand, to what is connected. Succeeds only if the receiver took it. */
  readonly update: (
    message: TestMessage,
    status: MessageStatus,
    options?: Pick<TestUpdate, "channel">,
  ) => Effect.Effect<void, UpdateNotTaken>
}

/** A service, and the HTTP client whose requests it answers. */
export interface Made {
  readonly service: Service
  readonly client: HttpClient.HttpClient
}

/** Makes a service. Updates that are still to come end with the scope. */
export const makeService: Effect.Effect<Made, never, Scope.Scope> = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const requests: Array<TestRequest> = []
  const queue: Array<Outcome> = []
  let always: (request: SendToPhoneRequest) => Outcome = acceptAny
  let receiver: ({ readonly receive: Receive } & ConnectOptions) | undefined

  const update: Service["update"] = Effect.fnUntraced(function* (message, status, options = {}) {
    const { webhookUrl } = message.request
    if (webhookUrl === undefined)
      return yield* new UpdateNotTaken({ why: "the message has no webhookUrl" })
    if (receiver === undefined)
      return yield* new UpdateNotTaken({ why: "nothing receives updates yet: call connect" })
    const at = yield* DateTime.now
    const body = JSON.stringify(updateOf(message, status, at, options.channel ?? "sms"))
    const { receive, webhookSecret: secret } = receiver
    // A wrong secret is a mistake of the test.
    const signature = secret === undefined ? {} : yield* Effect.orDie(sign(body, { secret }))
    const { status: answered, body: words } = yield* receive({
      url: webhookUrl,
      headers: { "content-type": "application/json", ...signature },
      body,
    })
    return answered >= 200 && answered < 300
      ? undefined
      : yield* new UpdateNotTaken({ why: `the receiver responded ${answered} ${words}`.trim() })
  })

  /** The updates of a message, each at its time. */
  const follow = Effect.fnUntraced(function* (
    message: TestMessage,
    updates: ReadonlyArray<TestUpdate>,
  ) {
    let passed = 0
    const ordered = updates
      .map(({ after = Duration.zero, ...more }) => ({
        ...more,
        millis: Duration.toMillis(Duration.fromInputUnsafe(after)),
      }))
      .toSorted((one, other) => one.millis - other.millis)
    for (const { channel, millis, status } of ordered) {
      if (millis > passed) yield* Effect.sleep(Duration.millis(millis - passed))
      passed = millis
      yield* update(message, status, { channel }).pipe(
        Effect.catchTag("UpdateNotTaken", (error) => Effect.logWarning(error.message)),
      )
    }
  })

  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const sent = readRequest(request)
      if (sent === undefined)
        return HttpClientResponse.fromWeb(request, new Response(null, { status: 404 }))
      const { answer, delay, isAccepted, updates } = queue.shift() ?? always(sent)
      const received = { request: sent, at: yield* DateTime.now }
      if (isAccepted) {
        const message = { ...received, messageId: idOf(requests.length) }
        requests.push(message)
        if (updates.length > 0) yield* Effect.forkIn(follow(message, updates), scope)
      } else {
        requests.push({ ...received, messageId: undefined })
      }
      if (Duration.isPositive(delay)) yield* Effect.sleep(delay)
      if (answer === "silent") return yield* Effect.never
      return Predicate.isString(answer)
        ? yield* new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, cause: causes[answer] }),
          })
        : HttpClientResponse.fromWeb(request, responseOf(answer))
    }),
  )

  return {
    service: {
      requests: Effect.sync(() => [...requests]),
      messages: Effect.sync(() => requests.filter(isMessage)),
      play: (...outcomes) => Effect.sync(() => void queue.push(...outcomes)),
      playAlways: (outcome) =>
        Effect.sync(() => {
          always = Predicate.isFunction(outcome) ? outcome : () => outcome
        }),
      connect: (receive, options) =>
        Effect.sync(() => {
          receiver = { receive, ...options }
        }),
      update,
    },
    client,
  }
})

const acceptAny = (): Outcome => accept()

const isMessage = (request: TestRequest): request is TestMessage => request.messageId !== undefined

/** A GUID that follows from the number of the request, so that it is the same in every run. */
const idOf = (index: number): string =>
  `8ba7b830-9dad-41d1-80b4-${String(index + 1).padStart(12, "0")}`

const decode = Schema.decodeUnknownSync(SendToPhoneRequest)

const decoder = new TextDecoder()

const readRequest = (
  request: HttpClientRequest.HttpClientRequest,
): SendToPhoneRequest | undefined =>
  request.method === sendToPhone.method &&
  request.body._tag === "Uint8Array" &&
  new URL(request.url).pathname === sendToPhone.path
    ? decode(JSON.parse(decoder.decode(request.body.body)))
    : undefined

// As Node.js reports them.
const causes = {
  refused: { code: "ECONNREFUSED", syscall: "connect" },
  lost: { code: "ECONNRESET", syscall: "read" },
}

const responseOf = ({ body, headers, status }: TestResponse): Response =>
  new Response(
    body === undefined ? null : Predicate.isString(body) ? body : JSON.stringify(body),
    headers === undefined ? { status } : { status, headers },
  )

const updateOf = (
  { messageId, request: { phoneNumber, templateId } }: TestMessage,
  status: MessageStatus,
  at: DateTime.Utc,
  channel: string,
): object => ({
  field: "message",
  sub_type: `message.${status.toLowerCase()}`,
  timestamp: DateTime.formatIso(at),
  payload: {
    account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    message_id: messageId,
    message_status: status,
    channel,
    inbound_number: phoneNumber,
    outbound_number: "+1987654321",
    template_id: templateId,
  },
})
