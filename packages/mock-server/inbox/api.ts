/** A client of the mock's own HTTP API, `/__mock/…`. URLs are relative to the page. */
import type { Message } from "../src/Message.ts"

/** One page of messages, newest first. */
export interface Page {
  readonly messages: ReadonlyArray<Message>
  /** The number of messages that match the search, on all pages. */
  readonly total: number
  /** Whether older messages follow on the next page. */
  readonly more: boolean
}

/** One answer of a scenario. */
export interface ScenarioAnswer {
  readonly status: number
  readonly example?: string
  readonly delayMillis?: number
  readonly lost?: "reset"
}

/** One update of a scenario. */
export interface ScenarioUpdate {
  /** The name of the contract's example, e.g. `delivered`. */
  readonly example: string
  readonly afterMillis: number
}

/** A scenario: what the mock plays for a phone number. */
export interface Scenario {
  readonly name: string
  /** Absent for the scenario of every other number, and for one of a look-up, which has a message id. */
  readonly phoneNumber?: string
  readonly messageId?: string
  readonly summary: string
  readonly answers: ReadonlyArray<ScenarioAnswer>
  readonly updates: ReadonlyArray<ScenarioUpdate>
}

/** The mock's clock. */
export interface Clock {
  readonly now: string
  /** Whether the clock runs with the machine's. Otherwise it only moves when it is advanced. */
  readonly runs?: boolean
  /** Whether updates are sent at the pace of a real carrier instead of a hundred times as fast. */
  readonly realistic: boolean
}

/** The settings of the mock. */
export interface Info {
  readonly title: string
  readonly version: string
  readonly baseUrl: string
  readonly path: string
  readonly senderId: string
  readonly clock: Clock
  /** The URL of the mock's own receiver, for callers that have none yet. */
  readonly webhookUrlHint: string
  /** The number of updates that were dropped because too many were pending. */
  readonly droppedUpdates: number
  /** The URLs of the webhooks that are disabled, since ten deliveries in a row have failed. */
  readonly disabledWebhooks: ReadonlyArray<string>
}

/** A failed request to the mock. The page shows the message. */
export class ApiError extends Error {
  override readonly name = "ApiError"
  /** The HTTP status. Undefined when no answer arrived. */
  readonly status: number | undefined

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

const detailOf = async (response: Response): Promise<string> => {
  try {
    const problem: unknown = await response.json()
    if (typeof problem === "object" && problem !== null) {
      if ("detail" in problem && typeof problem.detail === "string") return problem.detail
      if ("title" in problem && typeof problem.title === "string") return problem.title
    }
  } catch {
    // Not a problem document: only the status is known.
  }
  return `The mock answered ${response.status}.`
}

const ask = async (url: string, init?: RequestInit): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    // The caller aborted the request: this is not a failure of the mock.
    if (init?.signal?.aborted === true) throw cause
    throw new ApiError("The mock does not answer. Check that it is running.", undefined, { cause })
  }
  if (!response.ok) throw new ApiError(await detailOf(response), response.status)
  return response
}

/** Requests JSON. The page and the mock have the same version, so the form of the answer is not checked. */
const askFor = async <A>(url: string, init?: RequestInit): Promise<A> => {
  const response = await ask(url, init)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (await response.json()) as A
}

const changing = { headers: { "content-type": "application/json" } }

/** Lists a page of the messages that match `search`. With `before`, only messages with a lower number. */
export const listMessages = (
  query: { readonly search: string; readonly limit: number; readonly before?: number },
  signal?: AbortSignal,
): Promise<Page> => {
  const parameters = new URLSearchParams({ limit: String(query.limit), refused: "include" })
  if (query.search !== "") parameters.set("search", query.search)
  if (query.before !== undefined) parameters.set("before", String(query.before))
  return askFor(`messages?${parameters.toString()}`, signal === undefined ? {} : { signal })
}

/** Gets a message. */
export const getMessage = (id: string): Promise<Message> =>
  askFor(`messages/${encodeURIComponent(id)}`)

/** Removes one message. */
export const removeMessage = async (id: string): Promise<void> => {
  await ask(`messages/${encodeURIComponent(id)}`, { method: "DELETE" })
}

/** Plays a scenario to the next message, whatever its number. */
export const playNext = async (scenario: string): Promise<void> => {
  await ask("faults", {
    ...changing,
    method: "POST",
    body: JSON.stringify({ scenario, times: 1 }),
  })
}

/** Enables the webhooks that are disabled. */
export const enableWebhooks = async (): Promise<void> => {
  await ask("webhook/enable", { ...changing, method: "POST", body: "{}" })
}

/** Removes every message. */
export const clearMessages = async (): Promise<void> => {
  await ask("messages", { ...changing, method: "DELETE" })
}

/** Delivers an update again. Returns the message after the attempt. */
export const resendUpdate = (id: string, updateId: string): Promise<Message> =>
  askFor(`messages/${encodeURIComponent(id)}/updates/${encodeURIComponent(updateId)}/resend`, {
    ...changing,
    method: "POST",
    body: "{}",
  })

/** Lists the scenarios. */
export const getScenarios = (): Promise<ReadonlyArray<Scenario>> => askFor("scenarios")

/** Gets the settings of the mock. */
export const getInfo = (): Promise<Info> => askFor("info")
