/** Events of core as those of Effect 3. */
import type { EventValue } from "@effect-sent/facade/Update"
import type { DeliveryEvent } from "../event.ts"
import { nativeFields } from "./values.ts"

/** The event that one of core is. */
export const eventOf = ({ _tag, fields }: EventValue): DeliveryEvent =>
  // A test compares the members with core's.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  ({ _tag, ...nativeFields(fields) }) as unknown as DeliveryEvent
