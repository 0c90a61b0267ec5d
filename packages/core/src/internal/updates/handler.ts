/** The handler of an application: what it returns, and in which context it runs. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ambient } from "./webHandler.ts"

/** Runs a handler, in a scope that the runner provides. */
export type Handler<A, E> = (input: A) => Effect.Effect<void, E, Scope.Scope>

/** Makes a handler that runs with the services of the context in which it is made. */
export const makeHandler = <A, E, R>(
  handle: (input: A) => Effect.Effect<void, E, R>,
): Effect.Effect<Handler<A, E>, never, Exclude<R, Scope.Scope>> =>
  Effect.map(
    ambient<R>(),
    (services) => (input) =>
      Effect.suspend(() => returnedBy(handle(input))).pipe(
        // Everything but the scope, which is that of the call.
        Effect.updateContext(
          (context: Context.Context<Scope.Scope>) =>
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion
            Context.merge(context, services) as Context.Context<R | Scope.Scope>,
        ),
      ),
  )

/** What a handler returned, as an effect: in JavaScript, it may be a promise or nothing. */
const returnedBy = <E, R>(returned: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
  Effect.isEffect(returned) ? returned : Effect.promise(async () => returned)
