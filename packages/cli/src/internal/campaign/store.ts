/** Where a campaign is kept: a SQLite file in the user's data folder, or the file that is named. */
import { Sqlite } from "@effect-sent/durable"
import envPaths from "env-paths"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Ended, messageOf, usage } from "../ended.ts"

/** Which campaign, and where it is. */
export interface Place {
  readonly name: string
  readonly file: string
}

/** Finds the store of a campaign. */
export const placeOf = (
  name: string | undefined,
  store: string | undefined,
): Effect.Effect<Place, Ended> => {
  if (name === undefined) {
    return Effect.fail(usage("pass --campaign with a name of your choice, e.g. --campaign spring"))
  }
  if (!/^\w[\w.-]{0,63}$/.test(name)) {
    return Effect.fail(
      usage(
        "the name of a campaign has 1 to 64 letters, digits, hyphens, underscores and dots, e.g. spring-2027",
      ),
    )
  }
  const folder = envPaths("effect-sent", { suffix: "" }).data
  return Effect.succeed({ name, file: store ?? join(folder, "campaigns", `${name}.sqlite`) })
}

/** Whether a campaign was begun. */
export const exists = ({ file }: Place): boolean => existsSync(file)

/** Opens the store. With `create`, makes it if it does not exist, readable by its owner alone. */
export const storeLayer = (
  place: Place,
  { create }: { readonly create: boolean },
): Layer.Layer<SqlClient.SqlClient, Ended> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { file, name } = place
      if (!create && !exists(place)) {
        return yield* Effect.fail(
          usage(`there is no campaign ${JSON.stringify(name)}: ${file} does not exist`),
        )
      }
      yield* Effect.try({ try: () => createFile(file), catch: unusable(file) })
      return Sqlite.layer({ filename: file, busyTimeout: "30 seconds" }).pipe(
        Layer.catch((error) =>
          Layer.effect(SqlClient.SqlClient, Effect.fail(unusable(file)(error))),
        ),
      )
    }),
  )

const createFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, "a", 0o600))
}

const unusable =
  (file: string) =>
  (error: unknown): Ended =>
    usage(`${file} cannot be opened: ${messageOf(error)}`)
