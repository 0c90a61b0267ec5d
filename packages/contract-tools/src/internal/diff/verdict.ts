/** What a rule decides on a change that Redocly found. */
import type { JsonObject } from "../document/json.ts"
import type { Change, Direction } from "./change.ts"
import type { RedoclyChange } from "./redocly.ts"

export type Judged = Omit<Change, "source">

export interface Seen extends RedoclyChange {
  readonly direction: Direction
  readonly next: JsonObject
}

export interface Verdict extends Pick<Judged, "impact" | "rule"> {
  /** Why. */
  readonly message: string
}

export type Rule = (change: Seen) => Verdict | undefined

export const isReadByService = (direction: Direction): boolean =>
  direction === "request" || direction === "update-response"
