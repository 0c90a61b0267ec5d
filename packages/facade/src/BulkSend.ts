/** What a bulk send takes, and what it gives. */
import type { Task } from "./Task.ts"
import type { Failure, OptionsValue } from "./Value.ts"

/** What a bulk send is made of. */
export interface BulkOptions {
  /** The items, piece by piece; undefined ends them. Or what was given in the place of a stream. */
  readonly source: Task<ReadonlyArray<unknown> | undefined, unknown> | { readonly wrong: unknown }
  /** Whether each item is one with a context, and none an input alone. */
  readonly areItems: boolean
  readonly send: (input: unknown) => Task<unknown, SendFailure>
  /** The options that are plain, as they were given. */
  readonly options: OptionsValue
  readonly onProgress: ((summary: SummaryValue) => Task<void>) | undefined
  readonly stopWhen: Task<unknown> | undefined
}

/** The failure of one message: what core reads of it, and the error of the application. */
export interface SendFailure {
  readonly failure: Failure
  readonly native: unknown
}

/** The result of one message. */
export interface BulkResultValue {
  readonly index: number
  readonly input: unknown
  readonly context: unknown
  readonly result:
    | { readonly _tag: "Success"; readonly receipt: unknown }
    | { readonly _tag: "Failure"; readonly native: unknown }
}

/** Why a bulk send ended early: an error of the source, or invalid options. */
export type BulkFailure =
  | { readonly _tag: "Source"; readonly error: unknown }
  | { readonly _tag: "Options"; readonly failure: Failure }

/** A bulk send that is under way. */
export interface BulkValue {
  /** The next results; undefined at their end. */
  readonly pull: Task<ReadonlyArray<BulkResultValue> | undefined, BulkFailure>
  readonly close: Task<void>
}

/** The results of many messages, counted. */
export interface SummaryValue {
  readonly total: number
  readonly accepted: number
  readonly unknown: number
  readonly rejected: Readonly<Record<string, number>>
}
