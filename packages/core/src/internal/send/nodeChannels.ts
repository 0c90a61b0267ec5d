/**
 * Matches the events that Node.js, undici and `fetch` publish (`node:diagnostics_channel`) to the attempts of this
 * library, also when many are under way.
 *
 * The match is by identity alone, never by time or address:
 *
 * | event                         | matched by                                                                                                                                                                                                      |
 * | ----------------------------- | --------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------- |
 * | `undici:request:create`       | the bytes of the body, which undici passes on as they are; else the fiber that is running, since an event is published synchronously; else the asynchronous context in which `fetch` was called, which copies the body |
 * | `undici:client:beforeConnect` | the request that was created last in the same synchronous run; else the only request in the context that still waits for a connection                                                                            |
 * | `net.client.socket`           | `beforeConnect`, which it follows synchronously; else the attempt that is running, as a stranger, until the request of node:http claims it                                                                        |
 * | `undici:client:connected`     | the socket                                                                                                                                                                                                      |
 * | `undici:client:sendHeaders`   | the request object of `create`                                                                                                                                                                                  |
 * | `undici:request:headers`      | the request object of `create`                                                                                                                                                                                  |
 * | `undici:request:trailers`     | the request object of `create`; in spite of its name, it is published when the response has ended                                                                                                                |
 * | `undici:request:error`        | the request object of `create`                                                                                                                                                                                  |
 * | `http.client.request.created` | the fiber that is running; else the context. From then on, the events of its own socket                                                                                                                         |
 * | `http.client.response.finish` | the request object of `created`; in spite of its name, it is published when the head was read                                                                                                                   |
 * | `http.client.request.error`   | the request object of `created`                                                                                                                                                                                 |
 *
 * A wrong match can only add a request to an attempt, or a stranger: both end the proof that nothing was sent.
 */
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import { CurrentEvidence, Evidence } from "./evidence.ts"

/** Collects evidence of the requests with this body or this key. The body must be that of one attempt alone. */
export const collect = (body: Uint8Array, apiKey: Redacted.Redacted): Evidence => {
  subscribe()
  const evidence = new Evidence(body, apiKey)
  byBody.set(body, evidence)
  return evidence
}

/**
 * Forgets an attempt, whose evidence is final. It would be forgotten without it, but what a `WeakMap` refers to costs the
 * garbage collector more than all else of a send.
 */
export const release = (body: Uint8Array, evidence: Evidence): void => {
  byBody.delete(body)
  for (const request of evidence.requests) byRequest.delete(request)
}

/** Calls `fetch` such that its events are matched to an attempt. */
export const within = <A>(evidence: Evidence, call: () => A): A =>
  storage === undefined ? call() : storage.run(evidence, call)

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

const byBody = new WeakMap<object, Evidence>()
const byRequest = new WeakMap<object, Evidence>()
const requestOfSocket = new WeakMap<object, object>()
let storage: Storage | undefined

/** Set for the rest of a synchronous run only. */
let createdLast: object | undefined
let connectingLast: object | undefined

const forgetLater = (): void => {
  queueMicrotask(() => {
    createdLast = undefined
    connectingLast = undefined
  })
}

/** Certain: the events of a fiber's own calls. */
const ofFiber = (): Evidence | undefined => {
  const evidence = Fiber.getCurrent()?.getRef(CurrentEvidence)
  // Another copy of this package in the process has listeners of its own: a request must not be counted by both.
  return evidence instanceof Evidence ? evidence : undefined
}

/** Likely: the context of a `fetch` lives on in what its connection does for other requests. */
const ofContext = (): Evidence | undefined => storage?.getStore()

// -----------------------------------------------------------------------------
// undici and fetch
// -----------------------------------------------------------------------------

const onCreate = (message: unknown): void => {
  createdLast = undefined
  const request = objectAt(message, "request")
  if (request === undefined) return
  const body = objectAt(request, "body")
  const certain = (body === undefined ? undefined : byBody.get(body)) ?? ofFiber()
  const evidence = certain ?? ofContext()
  if (evidence?.isRecording !== true) return
  const isOwn = evidence.isOwn(body, (key) => listsHeader(request, key))
  // Nothing is refused by the context alone, or one attempt could end the request of another.
  if (certain?.refuses(isOwn) === true) {
    // undici ends a request that has an error when it is about to write it.
    Reflect.set(request, "error", new Error("a second request within one attempt"))
  } else {
    begin(evidence, request, isOwn)
  }
  // Also of one that was refused, so that its socket is not taken for a stranger.
  createdLast = request
  forgetLater()
}

const onBeforeConnect = (): void => {
  connectingLast = createdLast ?? ofContext()?.onlyCreated
  if (connectingLast === undefined) return
  byRequest.get(connectingLast)?.advance(connectingLast, "connecting")
  forgetLater()
}

const onSocket = (message: unknown): void => {
  const socket = objectAt(message, "socket")
  if (socket === undefined) return
  if (connectingLast !== undefined) {
    requestOfSocket.set(socket, connectingLast)
    connectingLast = undefined
    return
  }
  const evidence = ofFiber() ?? ofContext()
  if (evidence?.isRecording === true) evidence.addSocket(socket)
}

const onConnected = (message: unknown): void => {
  const socket = objectAt(message, "socket")
  const request = socket === undefined ? undefined : requestOfSocket.get(socket)
  if (request !== undefined) byRequest.get(request)?.advance(request, "connected")
}

const onSendHeaders = (message: unknown): void => {
  const request = objectAt(message, "request")
  if (request !== undefined) byRequest.get(request)?.write(request)
}

const onHeaders = (message: unknown): void => {
  const request = objectAt(message, "request")
  const response = objectAt(message, "response")
  if (request === undefined || response === undefined) return
  byRequest.get(request)?.answer(request, () => headOf(response))
}

const onEnd = (message: unknown): void => {
  const request = objectAt(message, "request")
  if (request !== undefined) byRequest.get(request)?.end(request)
}

const onError = (message: unknown): void => {
  const request = objectAt(message, "request")
  const evidence = request === undefined ? undefined : byRequest.get(request)
  if (evidence !== undefined) evidence.failure ??= objectAt(message, "error")
}

// -----------------------------------------------------------------------------
// node:http
// -----------------------------------------------------------------------------

const onNodeRequest = (message: unknown): void => {
  const request = objectAt(message, "request")
  const certain = ofFiber()
  const evidence = certain ?? ofContext()
  if (request === undefined || evidence?.isRecording !== true || !isEmitter(request)) return
  const isOwn = evidence.isOwn(undefined, (key) => headerOf(request, "x-api-key") === key)
  if (certain?.refuses(isOwn) === true) {
    request.once("error", () => undefined)
    if (hasFunction(request, "destroy")) request.destroy()
    return
  }
  begin(evidence, request, isOwn)
  request.once("socket", (socket) => {
    if (!Predicate.isObject(socket)) return
    evidence.claimSocket(socket)
    if (!isEmitter(socket) || socket["connecting"] !== true) {
      evidence.write(request)
      return
    }
    evidence.advance(request, "connecting")
    // A TLS socket emits "connect" before its handshake. What is written waits for "secureConnect".
    const isReady = socket["encrypted"] === true ? "secureConnect" : "connect"
    socket.once(isReady, () => evidence.write(request))
  })
}

const begin = (evidence: Evidence, request: object, isOwn: boolean): void => {
  byRequest.set(request, evidence)
  evidence.begin(request, { isOwn, isTunnel: Reflect.get(request, "method") === "CONNECT" })
}

// -----------------------------------------------------------------------------
// Subscription, without an import of Node.js
// -----------------------------------------------------------------------------

const listeners: ReadonlyArray<readonly [channel: string, listener: (message: unknown) => void]> = [
  ["undici:request:create", onCreate],
  ["undici:request:error", onError],
  ["undici:client:beforeConnect", onBeforeConnect],
  ["undici:client:connected", onConnected],
  ["undici:client:sendHeaders", onSendHeaders],
  ["undici:request:headers", onHeaders],
  ["undici:request:trailers", onEnd],
  ["net.client.socket", onSocket],
  ["http.client.request.created", onNodeRequest],
  ["http.client.request.error", onError],
  ["http.client.response.finish", onHeaders],
]

/** `AsyncLocalStorage`. */
interface Storage {
  readonly run: <A>(store: Evidence, call: () => A) => A
  readonly getStore: () => Evidence | undefined
}

/** Once for the process: a subscription costs each request of the process, and is not needed before the first send. */
let isSubscribed = false
const subscribe = (): void => {
  if (isSubscribed) return
  isSubscribed = true
  const channels = builtinModule("node:diagnostics_channel")
  if (!hasFunction(channels, "subscribe")) return
  storage = makeStorage()
  for (const [channel, listener] of listeners) channels.subscribe(channel, listener)
}

const builtinModule = (name: string): unknown => {
  const runtime: unknown = Reflect.get(globalThis, "process")
  return hasFunction(runtime, "getBuiltinModule") ? runtime.getBuiltinModule(name) : undefined
}

const makeStorage = (): Storage | undefined => {
  const hooks = builtinModule("node:async_hooks")
  if (!Predicate.hasProperty(hooks, "AsyncLocalStorage")) return undefined
  const { AsyncLocalStorage } = hooks
  if (!isConstructor(AsyncLocalStorage)) return undefined
  const made = new AsyncLocalStorage()
  return isStorage(made) ? made : undefined
}

// -----------------------------------------------------------------------------
// Values whose types are not known here
// -----------------------------------------------------------------------------

interface Emitter {
  readonly [key: string]: unknown
  readonly once: (event: string, listener: (value: unknown) => void) => unknown
}

const hasFunction = <K extends string>(
  value: unknown,
  key: K,
): value is { readonly [P in K]: (...args: ReadonlyArray<unknown>) => unknown } =>
  Predicate.hasProperty(value, key) && Predicate.isFunction(value[key])

const isConstructor = (value: unknown): value is new () => unknown => Predicate.isFunction(value)

const isStorage = (value: unknown): value is Storage =>
  hasFunction(value, "run") && hasFunction(value, "getStore")

const isEmitter = (value: object): value is Emitter => hasFunction(value, "once")

/** undici keeps headers as a list of names and values; older versions as one text. */
const listsHeader = (request: object, value: string): boolean => {
  const headers: unknown = Reflect.get(request, "headers")
  return (Array.isArray(headers) || Predicate.isString(headers)) && headers.includes(value)
}

/** The head of a response of undici or node:http. A status that the `Response` of the platform cannot have is left out. */
const headOf = (response: object): Response | undefined => {
  try {
    return new Response(null, {
      status: Number(Reflect.get(response, "statusCode")),
      headers: [...fieldsOf(Reflect.get(response, "headers"))],
    })
  } catch {
    return undefined
  }
}

/** undici lists names and values in turn, as bytes; node:http has an object. */
const fieldsOf = function* (headers: unknown): Generator<[name: string, value: string]> {
  if (!Array.isArray(headers)) {
    yield* Object.entries(Object(headers)).map(([name, value]): [string, string] => [
      name,
      textOf(value),
    ])
    return
  }
  for (let index = 0; index + 1 < headers.length; index += 2) {
    yield [textOf(headers[index]), textOf(headers[index + 1])]
  }
}

const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)

const headerOf = (request: Emitter, name: string): unknown =>
  hasFunction(request, "getHeader") ? request.getHeader(name) : undefined

const objectAt = (value: unknown, key: string): object | undefined => {
  if (!Predicate.hasProperty(value, key)) return undefined
  const found: unknown = value[key]
  return Predicate.isObjectOrArray(found) || Predicate.isFunction(found) ? found : undefined
}
