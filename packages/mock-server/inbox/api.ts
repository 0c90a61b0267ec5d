/** The mock's own HTTP API, `/__mock/…`. URLs are relative: the page lies beside what it asks for. */
import type { Message } from "../src/Message.ts"

/** One page of messages, newest first. */
export interface Page {
  readonly messages: ReadonlyArray<Message>
  /** How many match the search, on all pages. */
  readonly total: number
  /** Whether there are older ones. */
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

/** What the mock plays for a phone number. */
export interface Scenario {
  readonly name: string
  /** Absent for the scenario that every other number plays. */
  readonly phoneNumber?: string
  readonly summary: string
  readonly answers: ReadonlyArray<ScenarioAnswer>
  readonly updates: ReadonlyArray<ScenarioUpdate>
}

/** The mock's clock. */
export interface Clock {
  readonly now: string
  /** Whether it runs by itself; otherwise it moves only when it is told to. */
  readonly runs?: boolean
  /** Whether updates come after seconds, as a carrier sends them, and not a hundred times as fast. */
  readonly realistic: boolean
}

/** What the mock says of itself. */
export interface Info {
  readonly title: string
  readonly version: string
  readonly baseUrl: string
  readonly path: string
  readonly senderId: string
  readonly clock: Clock
  /** The mock's own receiver of updates, for those who have none yet. */
  readonly webhookUrlHint: string
}

/** A request to the mock that failed. The message is for people. */
export class ApiError extends Error {
  override readonly name = "ApiError"
  /** Absent when no answer came. */
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
    // Not a problem document: the status has to do.
  }
  return `The mock answered ${response.status}.`
}

const ask = async (url: string, init?: RequestInit): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    // An abort is the caller's own doing and no failure.
    if (init?.signal?.aborted === true) throw cause
    throw new ApiError("The mock does not answer. Is it still running?", undefined, { cause })
  }
  if (!response.ok) throw new ApiError(await detailOf(response), response.status)
  return response
}

/** The page and the mock are of one version, so the form of an answer is not checked again. */
const askFor = async <A>(url: string, init?: RequestInit): Promise<A> => {
  const response = await ask(url, init)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (await response.json()) as A
}

const changing = { headers: { "content-type": "application/json" } }

/** One page of the messages that match `search`; with `before`, only those with a lower number. */
export const listMessages = (
  query: { readonly search: string; readonly limit: number; readonly before?: number },
  signal?: AbortSignal,
): Promise<Page> => {
  const parameters = new URLSearchParams({ limit: String(query.limit) })
  if (query.search !== "") parameters.set("search", query.search)
  if (query.before !== undefined) parameters.set("before", String(query.before))
  return askFor(`messages?${parameters.toString()}`, signal === undefined ? {} : { signal })
}

/** One message. */
export const getMessage = (id: string): Promise<Message> =>
  askFor(`messages/${encodeURIComponent(id)}`)

/** Forgets every message. */
export const clearMessages = async (): Promise<void> => {
  await ask("messages", { ...changing, method: "DELETE" })
}

/** Delivers an update once more; gives the message after the try. */
export const resendUpdate = (id: string, updateId: string): Promise<Message> =>
  askFor(`messages/${encodeURIComponent(id)}/updates/${encodeURIComponent(updateId)}/resend`, {
    ...changing,
    method: "POST",
    body: "{}",
  })

/** What the mock plays, and for which numbers. */
export const getScenarios = (): Promise<ReadonlyArray<Scenario>> => askFor("scenarios")

/** What the mock says of itself. */
export const getInfo = (): Promise<Info> => askFor("info")
