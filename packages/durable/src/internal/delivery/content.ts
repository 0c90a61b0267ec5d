/** What is known of a send, as the text of a row. */
import * as DeliveryStatus from "@effect-sent/core/DeliveryStatus"
import * as DeliveryStore from "@effect-sent/core/DeliveryStore"
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Part = Schema.Struct({
  reference: Schema.optionalKey(Schema.String),
  idempotencyKey: Schema.optionalKey(Schema.String),
  outcome: Schema.optionalKey(DeliveryStore.SendOutcome),
  steps: Schema.optionalKey(Schema.Array(DeliveryStatus.Step)),
})
type Part = typeof Part.Type

const Content = Schema.fromJsonString(Part)
const encode = Schema.encodeSync(Content)
const decode = Schema.decodeUnknownOption(Content)

/** The text of what a record says, beside its times. Undefined if it says nothing. */
export const contentOf = ({
  idempotencyKey,
  outcome,
  reference,
  steps = [],
}: DeliveryStore.SendRecord): string | undefined => {
  const part: Part = {
    ...(reference === undefined ? {} : { reference }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(steps.length === 0 ? {} : { steps }),
  }
  return Object.keys(part).length === 0 ? undefined : encode(part)
}

/** A send and the texts of its rows. */
export interface StoredParts {
  readonly id: string
  readonly expiresAt: DateTime.Utc
  readonly openedAt: DateTime.Utc | undefined
  readonly contents: ReadonlyArray<string>
}

/** All that the rows of a send say together. What cannot be read is counted. */
export const sendOf = ({
  contents,
  expiresAt,
  id,
  openedAt,
}: StoredParts): DeliveryStore.StoredSend => {
  const none: DeliveryStore.StoredSend = {
    id,
    expiresAt,
    ...(openedAt === undefined ? {} : { openedAt }),
    steps: [],
    unreadable: 0,
  }
  return contents.reduce(
    (send, content) =>
      Option.match(decode(content), {
        onNone: () => ({ ...send, unreadable: send.unreadable + 1 }),
        onSome: (part) => DeliveryStore.join(send, { id, expiresAt, ...part }),
      }),
    none,
  )
}

/** Whether another row may take the place of a text: all of it can be read, so that nothing is lost. */
export const isReplaceable = (content: string): boolean =>
  Option.exists(decode(content), (part) => encode(part) === content)
