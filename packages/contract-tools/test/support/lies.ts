/** Lies that a server may tell, each with the check that finds it. */
import type { Lie } from "./liar.ts"
import { lax } from "./lies/accepting.ts"
import { wrongAnswers } from "./lies/answering.ts"
import { strict } from "./lies/refusing.ts"
import { wrongUpdates } from "./lies/updating.ts"

export const lies: ReadonlyArray<Lie> = [...lax, ...strict, ...wrongAnswers, ...wrongUpdates]
