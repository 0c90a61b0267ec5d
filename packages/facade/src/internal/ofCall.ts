/** What the application does for a call. */
import * as Effect from "effect/Effect"
import type { Host } from "../Host.ts"
import { CurrentCall } from "./context.ts"

/** Runs an effect that needs the call of its fiber. */
export const ofCall = <A, E>(use: (host: Host) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const call = fiber.getRef(CurrentCall)
    return call === undefined
      ? Effect.die(new Error("the work of an application without a call of it"))
      : use(call.host)
  })
